"""The state of a training on disk, from which it goes on after it was killed."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from reprise.storage.atomic import atomic_path
from reprise.untrusted.checkpoints import load_checkpoint

_FILE = "state.pt"
_ASIDE = "state.of-another-recipe.pt"


class TrainingState:
    """One file in ``folder`` that always holds the last finished epoch of one training.

    Args:
        folder: made if it does not exist
        identity: says which training the state belongs to (its recipe). A state of another identity is never gone on
            from: it is renamed to ``state.of-another-recipe.pt``, over an older one of that name,
            which is told on stderr.
    """

    def __init__(self, folder: str | os.PathLike, identity: str) -> None:
        self.path = Path(folder) / _FILE
        self._identity = identity

    def load(self) -> dict[str, Any] | None:
        """What was saved last, tensors on the CPU; None where this training has not finished an epoch yet.

        DataError: a file that was damaged since it was written.
        """
        if not self.path.is_file():
            return None
        content = load_checkpoint(self.path)
        if content.get("identity") != self._identity:
            aside = self.path.replace(self.path.with_name(_ASIDE))
            print(f"{self.path}: belongs to another training; moved to {aside}, starting anew", file=sys.stderr)
            return None
        return content["state"]

    def save(self, state: Mapping[str, Any]) -> None:
        """Replace the saved state. ``state`` holds tensors, numbers, texts and builtin containers only."""
        with atomic_path(self.path) as temporary:
            torch.save({"identity": self._identity, "state": dict(state)}, temporary)
