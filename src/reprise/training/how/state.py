"""What a training of HOW needs to go on after it was killed: everything at the end of the last finished epoch."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from reprise.storage.errors import DataError
from reprise.training.how.selection import Epoch, best_epoch
from reprise.training.states import TrainingState


class StateFolder:
    """The folder that holds the state of one training, and the checkpoint of its best epoch so far.

    identity  says which training it is, see :class:`reprise.training.states.TrainingState`
    """

    def __init__(self, folder: str | os.PathLike, identity: str) -> None:
        self.folder = Path(folder)
        self._state = TrainingState(folder, identity)

    def read(self) -> tuple[dict[str, Any], list[Epoch]] | None:
        """What was written last, None where this training left nothing.

        DataError: a damaged file, or one whose best checkpoint is gone.
        """
        state = self._state.load()
        if state is None:
            return None
        epochs = [Epoch(**epoch) for epoch in state.pop("epochs")]
        if epochs and not self.best_path(best_epoch(epochs)).is_file():
            raise DataError(
                f"{self.best_path(best_epoch(epochs))}: is missing beside {self._state.path}, which needs it; "
                f"delete {self.folder} to train from the start"
            )
        return state, epochs

    def write(self, state: dict[str, Any], epochs: Sequence[Epoch]) -> None:
        """Keep ``state``, the end of the last of ``epochs``, and of the best checkpoints only the current one.

        Random numbers are no part of a state, because each epoch seeds its own.
        """
        self._state.save({**state, "epochs": [asdict(epoch) for epoch in epochs]})
        best = self.best_path(best_epoch(epochs)) if epochs else None
        for path in self.folder.glob("best_epoch*.pth"):
            if path != best:
                path.unlink()

    def best_path(self, epoch: int) -> Path:
        """Where the checkpoint of the best epoch stands: under its number, so that no older state meets a newer one."""
        return self.folder / f"best_epoch{epoch}.pth"

    def working_folder(self) -> Path:
        """An empty folder for files that are of no use after an interruption."""
        folder = self.folder / "working"
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        return folder
