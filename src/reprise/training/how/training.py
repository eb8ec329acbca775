"""Training of HOW: what it adds to the loop that all systems share."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from reprise.datasets.images import Dataset
from reprise.datasets.sfm120k import TrainingSet
from reprise.networks.devices import best_device
from reprise.networks.how import HOW
from reprise.networks.how_settings import Runtime
from reprise.storage.errors import DataError
from reprise.training.curves import Row, Rows
from reprise.training.how.epochs import Trainer, parameter_groups
from reprise.training.how.images import check_files
from reprise.training.how.initialisation import initial_network
from reprise.training.how.settings import TrainingSettings, ValidationSettings
from reprise.training.how.validation import validate
from reprise.training.loop import System, TrainingFiles, run_training
from reprise.training.selection import Criterion, best_epoch


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

    On a CPU, with the same number of threads, the weights are the same to the last bit whether interrupted or not.

    Args:
        settings: of the training
        training_set: images and matching pairs
        validation: needed where ``settings.validation`` is
        trunk: a torchvision checkpoint of the backbone, see :func:`reprise.training.trunks.load_trunk`; None starts
            from random weights
        best: checkpoint of the best epoch, in the published format: the one with the highest validation score, and
            before the first validation the one with the lowest loss
        last: checkpoint of the last epoch
        history: CSV of the epochs, brought up to date after each
        curves: the same as SVG
        state: folder of what an interrupted call left; kept when all is done, may be deleted then
        identity: what ``state`` belongs to: anything that changes the result has to change it
        workers: threads that decode images
        device: None for a GPU where there is one

    Raises:
        DataError: settings and data that do not fit, an image that is missing or cannot be decoded, a loss that is not
            finite; what the finished epochs gave stays in ``state``
    """
    _check(settings, training_set, validation)
    device = device or best_device()
    system = HowTraining(settings, training_set, validation, trunk, Path(state) / "working", workers, device)
    run_training(system, settings.epochs, TrainingFiles(best, history, curves, state, last), identity)


class HowTraining(System):
    """A HOW network in training.

    Args:
        settings: of the training
        training_set: images and matching pairs
        validation: a dataset with queries; None for no validation
        trunk: a torchvision checkpoint; None for random weights
        working: folder for the files of a validation, of no use after it
        workers: threads that decode images
        device: where the network runs
    """

    title = "HOW"
    columns = ("loss", "avg_neg_dist", "learning_rate", "validation_map")
    panels = (("loss of a tuple", ["loss"]), ("validation mAP", ["validation_map"]))
    criteria = (Criterion("validation_map", highest=True), Criterion("loss", highest=False))

    def __init__(
        self,
        settings: TrainingSettings,
        training_set: TrainingSet,
        validation: Dataset | None,
        trunk: str | os.PathLike | None,
        working: Path,
        workers: int,
        device: str,
    ) -> None:
        self._settings, self._validation, self._trunk, self._working = settings, validation, trunk, working
        self._network = HOW(settings.backbone, settings.skip_stages, settings.dim, settings.smoothing).to(device)
        groups = parameter_groups(self._network, settings.learning_rate)
        self._optimizer = torch.optim.Adam(groups, weight_decay=settings.weight_decay)
        self._scheduler = torch.optim.lr_scheduler.ExponentialLR(self._optimizer, settings.learning_rate_decay)
        self._trainer = Trainer(settings, training_set, self._network, self._optimizer, workers, device)

    def initialise(self) -> None:
        """Load the trunk, and whiten the first images."""
        trainer, images = self._trainer, self._trainer.training_set.images
        initial = initial_network(self._settings, images, self._trunk, workers=trainer.workers, device=trainer.device)
        self._network.load_state_dict(initial.state_dict())

    def state(self) -> dict[str, Any]:
        """Return the states of the network and of what trains it."""
        return {
            "network": self._network.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "scheduler": self._scheduler.state_dict(),
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over the states of the network and of what trains it."""
        self._network.load_state_dict(state["network"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._scheduler.load_state_dict(state["scheduler"])

    def train(self, epoch: int) -> Row:
        """Mine tuples and pass over them, with the learning rate of the epoch."""
        rate = self._optimizer.param_groups[0]["lr"]
        loss, distance = self._trainer.run(epoch)
        self._scheduler.step()
        return {"loss": loss, "avg_neg_dist": distance, "learning_rate": rate}

    def validate(self, epoch: int) -> Row:
        """The mAP in [0, 1], every ``frequency`` epochs."""
        settings = self._settings.validation
        if settings is None or self._validation is None or epoch % settings.frequency:
            return {"validation_map": None}
        if torch.cuda.is_available():
            torch.cuda.empty_cache()  # faiss allocates beside torch
        shutil.rmtree(self._working, ignore_errors=True)
        self._working.mkdir(parents=True)
        score = validate(
            self._network,
            settings,
            self._trainer.training_set.images,
            self._validation,
            image_size=self._settings.image_size,
            folder=self._working,
            workers=self._trainer.workers,
            device=self._trainer.device,
        )
        shutil.rmtree(self._working)
        return {"validation_map": score}

    def save(self, path: str | os.PathLike, history: Rows) -> None:
        """Write a checkpoint in the published format, where only a network before its first epoch has a scheduler."""
        training: dict[str, Any] = {"optimizer": self._optimizer.state_dict(), "best_score": self._best_score(history)}
        scores = {"train": "loss", "validation": "validation_map"}
        training["scores"] = {
            name: {row["epoch"]: row[key] for row in history if row[key] is not None} for name, key in scores.items()
        }
        training["threads"] = torch.get_num_threads()
        if not history:
            training["scheduler"] = self._scheduler.state_dict()
        self._network.save_checkpoint(path, epoch=len(history), training=training, runtime=self._runtime())

    def _runtime(self) -> Runtime:
        """How images are searched at a validation, or would be by default."""
        validation = self._settings.validation or ValidationSettings()
        return Runtime(self._settings.image_size, validation.num_features, tuple(validation.scales))

    def _best_score(self, history: Rows) -> float | None:
        """The score of the best epoch, or its loss where it has none."""
        if not history:
            return None
        best = history[best_epoch(history, self.criteria) - 1]
        return best["loss"] if best["validation_map"] is None else best["validation_map"]


def _check(settings: TrainingSettings, training_set: TrainingSet, validation: Dataset | None) -> None:
    if len(training_set.queries) == 0:
        raise DataError("training set: no query has a positive (qidxs and pidxs are empty); give pairs to train on")
    if settings.validation is not None and (validation is None or validation.queries is None):
        raise DataError("validation: the settings ask for one, but no dataset with queries is given; set it to null")
    check_files(training_set.images)
    if settings.validation is not None and validation is not None and validation.queries is not None:
        check_files(validation.database)
        check_files(validation.queries)
