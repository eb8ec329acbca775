"""The training loop that all systems share.

It goes on from the last finished epoch of a training that was interrupted, runs and validates the others, keeps a row
of history of each and the checkpoint of the best, and writes everything in such an order that a process may be killed
at any moment. A system says what differs: see :class:`System`.
"""

import os
import shutil
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from reprise.storage.atomic import atomic_path
from reprise.storage.errors import DataError
from reprise.training.curves import Panel, Row, Rows, draw_figure, write_csv
from reprise.training.selection import Criterion, best_epoch
from reprise.training.states import TrainingState


class System(ABC):
    """A network in training, and what it is trained with.

    Each epoch depends on the state that the one before left and on its number alone, and seeds its own random numbers,
    so that a training that was interrupted ends with the same bits.

    Attributes:
        title: stands above the curves
        columns: of the history, between the number of the epoch and its seconds
        panels: what is drawn of it
        criteria: by which the best epoch is chosen; none keeps the last
    """

    title: str
    columns: Sequence[str]
    panels: Sequence[Panel]
    criteria: Sequence[Criterion] = ()

    def initialise(self) -> None:
        """Prepare the first epoch, where that takes long; not called where a training goes on."""
        return

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """All that the next epoch depends on: tensors, numbers, texts and builtin containers."""

    @abstractmethod
    def load(self, state: Mapping[str, Any]) -> None:
        """Take over what :meth:`state` gave, with tensors on the CPU."""

    @abstractmethod
    def train(self, epoch: int) -> Row:
        """Train for one epoch, counted from 1.

        Returns:
            its values of some of ``columns``

        Raises:
            DataError: a loss or a parameter that is not finite, or data that cannot be used
        """

    def validate(self, epoch: int) -> Row:
        """Score the network after an epoch; its values of other ``columns``, None where it is not the turn of one."""
        return {}

    @abstractmethod
    def save(self, path: str | os.PathLike, history: Rows) -> None:
        """Write the network as it is after the epochs of ``history``, as a checkpoint in the published format."""


@dataclass(frozen=True)
class TrainingFiles:
    """What a training leaves.

    Attributes:
        best: the checkpoint of the best epoch
        history: CSV with a row per epoch, brought up to date after each
        curves: the same as SVG
        state: folder of what an interrupted training goes on from; may be deleted when all is done
        last: the checkpoint of the last epoch; None for none
    """

    best: str | os.PathLike
    history: str | os.PathLike
    curves: str | os.PathLike
    state: str | os.PathLike
    last: str | os.PathLike | None = None


def run_training(system: System, epochs: int, files: TrainingFiles, identity: str) -> list[Row]:
    """Train a system, and go on from the last finished epoch if an earlier call was interrupted.

    Args:
        system: before its first epoch
        epochs: how many in all; 0 writes the network as it is initialised
        files: what is written
        identity: of this training (its recipe): anything that changes the result has to change it. The state of another
            one is set aside.

    Returns:
        a row per epoch: its number ``epoch``, what the system gave, and its ``seconds``, validation included

    Raises:
        DataError: what the system raises, or a state that cannot be used; what the finished epochs gave is kept
    """
    saved = TrainingState(files.state, identity)
    history = _begin(system, saved)
    _show(system, history, files)
    for epoch in range(len(history) + 1, epochs + 1):
        history.append(_epoch(system, epoch, saved))
        best = best_epoch(history, system.criteria) if system.criteria else None
        if best == epoch:
            _save(system, saved.best_path(epoch), history)
        saved.save(system.state(), history, best)
        _show(system, history, files)
    _finish(system, saved, history, files)
    return history


def _begin(system: System, saved: TrainingState) -> list[Row]:
    """Bring a system to where its training left off, or before its first epoch; the rows of the epochs behind it."""
    found = saved.load()
    if found is None:
        system.initialise()
        saved.save(system.state(), [])
        return []
    state, history = found
    system.load(state)
    tqdm.write(f"{saved.folder}: going on after epoch {len(history)}", file=sys.stderr)
    return history


def _epoch(system: System, epoch: int, saved: TrainingState) -> Row:
    started = time.perf_counter()
    try:
        row = {"epoch": epoch, **system.train(epoch), **system.validate(epoch)}
    except DataError as error:
        raise DataError(f"{error}. The state of the last finished epoch is kept in {saved.folder}") from error
    return {**row, "seconds": time.perf_counter() - started}


def _show(system: System, history: Rows, files: TrainingFiles) -> None:
    write_csv(files.history, history, ["epoch", *system.columns, "seconds"])
    draw_figure(files.curves, history, system.panels, system.title)
    if history:
        values = (f"{key} {value:.5g}" for key, value in history[-1].items() if value is not None)
        tqdm.write(", ".join(values), file=sys.stderr)


def _finish(system: System, saved: TrainingState, history: Rows, files: TrainingFiles) -> None:
    if files.last is not None:
        _save(system, files.last, history)
    chosen = saved.best_path(best_epoch(history, system.criteria)) if history and system.criteria else files.last
    if chosen is None:
        _save(system, files.best, history)
    else:
        _copy(Path(chosen), files.best)


def _save(system: System, path: str | os.PathLike, history: Rows) -> None:
    with atomic_path(path) as temporary:
        system.save(temporary, history)


def _copy(source: Path, target: str | os.PathLike) -> None:
    with atomic_path(target) as temporary:
        shutil.copyfile(source, temporary)
