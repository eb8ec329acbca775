"""A small CVNet without training, for trials without a download."""

from collections.abc import Mapping
from typing import Any

from reprise.training.cvnet.settings import Entry
from reprise.training.loop import TrainingFiles

__all__ = ["Entry", "train"]


def train(description: Mapping[str, Any], files: TrainingFiles, *, identity: str, workers: int) -> None:
    """Write the network; see :mod:`reprise.training.settings`."""
    from reprise.training.cvnet.random_filters import initialise_cvnet

    initialise_cvnet(description, files, identity)
