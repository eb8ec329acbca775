"""The state of a training on disk, from which it goes on after it was killed."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reprise.storage.atomic import atomic_path
from reprise.storage.errors import DataError
from reprise.training.curves import Row, Rows
from reprise.untrusted.checkpoints import load_checkpoint

FORMAT = 1

_FILE = "state.pt"
_ASIDE = "state.of-another-recipe.pt"


class TrainingState:
    """A folder that always holds the last finished epoch of one training, and the checkpoint of its best one so far.

    Random numbers are no part of a state: an epoch seeds its own.

    Args:
        folder: made if it does not exist
        identity: says which training the state belongs to (its recipe). A state of another identity is never gone on
            from: it is renamed to ``state.of-another-recipe.pt``, over an older one of that name,
            which is told on stderr.
    """

    def __init__(self, folder: str | os.PathLike, identity: str) -> None:
        self.folder = Path(folder)
        self.path = self.folder / _FILE
        self._identity = identity

    def load(self) -> tuple[dict[str, Any], list[Row]] | None:
        """What was saved last.

        Returns:
            the state, tensors on the CPU, and the rows of the epochs behind it; None where this training left nothing

        Raises:
            DataError: a file that was damaged since it was written, that is of another format, or whose checkpoint of
                the best epoch is gone
        """
        if not self.path.is_file():
            return None
        content = load_checkpoint(self.path)
        if content.get("identity", self._identity) != self._identity:
            aside = self.path.replace(self.path.with_name(_ASIDE))
            print(f"{self.path}: belongs to another training; moved to {aside}, starting anew", file=sys.stderr)
            return None
        if content.get("format") != FORMAT:
            raise DataError(
                f"{self.path}: is a state of the format {content.get('format')!r}, and this version reads {FORMAT}; go "
                "on with the version that wrote it, or delete the file to train from the start"
            )
        best = content["best"]
        if best is not None and not self.best_path(best).is_file():
            raise DataError(
                f"{self.best_path(best)}: is missing beside {self.path}, which needs it; delete {self.folder} to train "
                "from the start"
            )
        return content["state"], content["history"]

    def save(self, state: Mapping[str, Any], history: Rows, best: int | None = None) -> None:
        """Replace what was saved, and keep of the best checkpoints only the current one.

        Args:
            state: tensors, numbers, texts and builtin containers only, at the end of the last epoch of ``history``
            history: a row per finished epoch
            best: the epoch whose checkpoint stands at :meth:`best_path`; None for none
        """
        # Imported here because planning reads modules of trainings, which build on this one.
        import torch

        content = {"format": FORMAT, "identity": self._identity, "state": dict(state), "history": list(history)}
        with atomic_path(self.path) as temporary:
            torch.save({**content, "best": best}, temporary)
        for path in self.folder.glob("best_epoch*.pth"):
            if best is None or path != self.best_path(best):
                path.unlink()

    def best_path(self, epoch: int) -> Path:
        """Where the checkpoint of the best epoch stands: under its number, so that no older state meets a newer one."""
        return self.folder / f"best_epoch{epoch}.pth"
