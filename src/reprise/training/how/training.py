"""Training HOW (Tolias, Jenicek and Chum, ECCV 2020, section 4), from its initialisation to its best epoch."""

import os
import shutil
import sys
import time
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from reprise.datasets.images import Dataset
from reprise.datasets.sfm120k import TrainingSet
from reprise.networks.devices import best_device
from reprise.networks.how import HOW
from reprise.storage.atomic import atomic_path
from reprise.storage.errors import DataError
from reprise.training.curves import draw_figure, write_csv
from reprise.training.how.epochs import Trainer, parameter_groups
from reprise.training.how.images import check_files
from reprise.training.how.initialisation import initial_network
from reprise.training.how.selection import Epoch, best_epoch
from reprise.training.how.settings import TrainingSettings
from reprise.training.how.state import StateFolder
from reprise.training.how.validation import validate


def train_how(
    settings: TrainingSettings,
    training_set: TrainingSet,
    validation: Dataset | None,
    *,
    trunk: str | os.PathLike | None,
    best: str | os.PathLike,
    last: str | os.PathLike,
    history: str | os.PathLike,
    curves: str | os.PathLike,
    state: str | os.PathLike,
    identity: str,
    workers: int = 2,
    device: str | None = None,
) -> None:
    """Train a network, and go on from the last finished epoch if an earlier call was interrupted.

    validation     needed where ``settings.validation`` is
    trunk          a torchvision checkpoint of the backbone, see :func:`reprise.training.how.trunks.load_trunk`; None
                   starts from random weights
    best, last     checkpoints, in the published format, of the best epoch (see
                   :func:`reprise.training.how.selection.best_epoch`) and of the last
    history, curves  CSV and SVG of the epochs, brought up to date after each
    state          folder of what an interrupted call left; kept when all is done, may be deleted then
    identity       what ``state`` belongs to: anything that changes the result has to change it
    workers        threads that decode images
    device         None for a GPU where there is one

    On a CPU, with the same number of threads, the weights are the same to the last bit whether interrupted or not.

    DataError: settings and data that do not fit, an image that is missing or cannot be decoded, a loss that is not
    finite; what the finished epochs gave stays in ``state``.
    """
    _check(settings, training_set, validation)
    device = device or best_device()
    folder = StateFolder(state, identity)
    trainer, scheduler, epochs = _begin(settings, training_set, trunk, folder, workers, device)
    _show(epochs, history, curves)
    for number in range(len(epochs) + 1, settings.epochs + 1):
        start = time.perf_counter()
        rate = trainer.optimizer.param_groups[0]["lr"]
        try:
            loss, distance = trainer.run(number)
        except DataError as error:
            raise DataError(f"{error}. The last finished epoch and the best one are kept in {folder.folder}") from error
        score = _validate(trainer, validation, number, folder)
        scheduler.step()
        epochs.append(Epoch(number, loss, distance, rate, score, time.perf_counter() - start))
        if best_epoch(epochs) == number:
            _save(folder.best_path(number), trainer, epochs)
        folder.write(_state(trainer, scheduler), epochs)
        _show(epochs, history, curves)
    _save(last, trainer, epochs, scheduler if not epochs else None)
    _copy(folder.best_path(best_epoch(epochs)) if epochs else Path(last), best)


def _begin(
    settings: TrainingSettings,
    training_set: TrainingSet,
    trunk: str | os.PathLike | None,
    folder: StateFolder,
    workers: int,
    device: str,
) -> tuple[Trainer, torch.optim.lr_scheduler.ExponentialLR, list[Epoch]]:
    """A trainer where the state left off, or before its first epoch."""
    saved = folder.read()
    if saved is None:
        network = initial_network(settings, training_set.images, trunk, workers=workers, device=device)
    else:
        network = HOW(settings.backbone, settings.skip_stages, settings.dim, settings.smoothing).to(device)
    groups = parameter_groups(network, settings.learning_rate)
    optimizer = torch.optim.Adam(groups, weight_decay=settings.weight_decay)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, settings.learning_rate_decay)
    trainer = Trainer(settings, training_set, network, optimizer, workers, device)
    if saved is None:
        folder.write(_state(trainer, scheduler), [])
        return trainer, scheduler, []
    state, epochs = saved
    network.load_state_dict(state["network"])
    optimizer.load_state_dict(state["optimizer"])
    scheduler.load_state_dict(state["scheduler"])
    tqdm.write(f"{folder.folder}: going on after epoch {len(epochs)}", file=sys.stderr)
    return trainer, scheduler, epochs


def _validate(trainer: Trainer, dataset: Dataset | None, epoch: int, folder: StateFolder) -> float | None:
    settings = trainer.settings.validation
    if settings is None or dataset is None or epoch % settings.frequency:
        return None
    if torch.cuda.is_available():
        torch.cuda.empty_cache()  # faiss allocates beside torch
    working = folder.working_folder()
    score = validate(
        trainer.network,
        settings,
        trainer.training_set.images,
        dataset,
        image_size=trainer.settings.image_size,
        folder=working,
        workers=trainer.workers,
        device=trainer.device,
    )
    shutil.rmtree(working)
    return score


def _state(trainer: Trainer, scheduler: torch.optim.lr_scheduler.LRScheduler) -> dict[str, Any]:
    return {
        "network": trainer.network.state_dict(),
        "optimizer": trainer.optimizer.state_dict(),
        "scheduler": scheduler.state_dict(),
    }


def _save(
    path: str | os.PathLike,
    trainer: Trainer,
    epochs: list[Epoch],
    scheduler: torch.optim.lr_scheduler.LRScheduler | None = None,
) -> None:
    """Write a checkpoint in the published format, where only a network before its first epoch has a scheduler."""
    scores = {
        "train": {epoch.epoch: epoch.loss for epoch in epochs},
        "validation": {epoch.epoch: epoch.validation_map for epoch in epochs if epoch.validation_map is not None},
    }
    best = epochs[best_epoch(epochs) - 1] if epochs else None
    training = {
        "optimizer": trainer.optimizer.state_dict(),
        "best_score": None if best is None else best.loss if best.validation_map is None else best.validation_map,
        "scores": scores,
    }
    if scheduler is not None:
        training["scheduler"] = scheduler.state_dict()
    trainer.network.save_checkpoint(path, epoch=len(epochs), training=training)


def _copy(source: Path, target: str | os.PathLike) -> None:
    with atomic_path(target) as temporary:
        shutil.copyfile(source, temporary)


def _show(epochs: list[Epoch], history: str | os.PathLike, curves: str | os.PathLike) -> None:
    rows = [asdict(epoch) for epoch in epochs]
    write_csv(history, rows, [entry.name for entry in fields(Epoch)])
    draw_figure(curves, rows, [("loss of a tuple", ["loss"]), ("validation mAP", ["validation_map"])], "HOW")
    if epochs:
        score = epochs[-1].validation_map
        validated = "" if score is None else f", validation mAP {100 * score:.2f}"
        line = f"epoch {epochs[-1].epoch}: loss {epochs[-1].loss:.4f}{validated}, {epochs[-1].seconds:.0f} s"
        tqdm.write(line, file=sys.stderr)


def _check(settings: TrainingSettings, training_set: TrainingSet, validation: Dataset | None) -> None:
    if len(training_set.queries) == 0:
        raise DataError("training set: no query has a positive (qidxs and pidxs are empty); give pairs to train on")
    if settings.validation is not None and (validation is None or validation.queries is None):
        raise DataError("validation: the settings ask for one, but no dataset with queries is given; set it to null")
    check_files(training_set.images)
    if settings.validation is not None and validation is not None and validation.queries is not None:
        check_files(validation.database)
        check_files(validation.queries)
