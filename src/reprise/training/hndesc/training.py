"""Training of HNDesc (Melekhov, Laskar, Li, Wang and Kannala, 3DV 2021)."""

import math
import os
from collections.abc import Mapping
from typing import Any

import torch
from tqdm import tqdm

from reprise.datasets.megadepth import KeypointImages
from reprise.datasets.reading import read_keypoint_images
from reprise.networks.devices import best_device
from reprise.networks.hndesc import HNDesc
from reprise.networks.u_net import encoder_of
from reprise.storage.errors import DataError
from reprise.training.curves import Row, Rows
from reprise.training.hndesc.criteria import CROPS_NEEDED, usable
from reprise.training.hndesc.detected_images import DetectedImages
from reprise.training.hndesc.loading import Batch, CropLoader, check_images
from reprise.training.hndesc.settings import HNDescSettings
from reprise.training.hndesc.validation import pair_loss, validate
from reprise.training.loop import System, TrainingFiles, run_training
from reprise.training.selection import Criterion
from reprise.training.trunks import load_trunk

_REMEDY = "lower learning_rate, or train with another seed"
_DECAY = 0.5


def train(description: Mapping[str, Any], files: TrainingFiles, *, identity: str, workers: int) -> None:
    """Train by the entry of a configuration; see :mod:`reprise.training.settings`.

    Args:
        description: the settings, with descriptions of datasets and the file of the trunk in place of their names
        files: what is written
        identity: of the training
        workers: threads that decode images

    Raises:
        DataError: as :func:`train_hndesc`
    """
    others = ("dataset", "validation", "trunk", "detector")
    given = {key: value for key, value in description.items() if key not in others}
    train_hndesc(
        HNDescSettings.read(given, "training"),
        _images(description, "dataset"),
        _images(description, "validation") if description["validation"] else None,
        files,
        identity=identity,
        trunk=description["trunk"],
        workers=workers,
    )


def _images(description: Mapping[str, Any], key: str) -> KeypointImages:
    """The images of a dataset, with the keypoints that are published beside them, or those that a detector found."""
    files = description["detector"]
    images = read_keypoint_images(description[key], listed=not files)
    return DetectedImages.read(images, files[key]) if files else images


def train_hndesc(
    settings: HNDescSettings,
    images: KeypointImages,
    validation: KeypointImages | None,
    files: TrainingFiles,
    *,
    identity: str,
    trunk: str | os.PathLike | None = None,
    workers: int = 2,
    device: str | None = None,
) -> HNDesc:
    """Train a network, and go on from the last finished epoch if an earlier call was interrupted.

    On a CPU, with the same number of threads, the weights are the same to the last bit whether interrupted or not.

    Args:
        settings: of the training
        images: what is trained on
        validation: what is validated on after every epoch; None for nothing, and the last epoch is the best
        files: what is written
        identity: what the state belongs to: anything that changes the result has to change it
        trunk: the checkpoint of a ResNet-50 of torchvision that the backbone ``caps`` starts from; None for random
            weights from the seed
        workers: threads that decode images
        device: None for a GPU where there is one

    Returns:
        the network of the last epoch in evaluation mode

    Raises:
        DataError: an image or keypoints that cannot be read, an epoch without any batch that can be used, or a loss or
            weights that are not finite; what the finished epochs gave stays in the state
    """
    for each in (images, validation):
        if each is not None:
            check_images(each)
    system = HNDescTraining(settings, images, validation, device or best_device(), trunk=trunk, workers=workers)
    run_training(system, settings.epochs, files, identity)
    return system.network.eval()


class HNDescTraining(System):
    """An HNDesc in training; arguments and errors as of :func:`train_hndesc`.

    Attributes:
        network: on the device
    """

    title = "HNDesc"
    columns = ("loss", "learning_rate", "points", "skipped_batches", "val_loss", "val_accuracy")
    panels = (("loss", ("loss", "val_loss")), ("points found again", ("val_accuracy",)))

    def __init__(
        self,
        settings: HNDescSettings,
        images: KeypointImages,
        validation: KeypointImages | None,
        device: str,
        *,
        trunk: str | os.PathLike | None = None,
        workers: int = 2,
    ) -> None:
        self._settings, self._device = settings, device
        self._loader = CropLoader(images, settings, workers)
        self._validation = CropLoader(validation, settings, workers) if validation else None
        chosen = validation is not None and settings.select == "val_loss"
        self.criteria = (Criterion("val_loss", highest=False),) if chosen else ()
        torch.manual_seed(settings.seed)
        self.network = HNDesc(settings.backbone)
        if trunk is not None:
            load_trunk(encoder_of(self.network), "resnet50", 1, trunk)
        self.network.to(device)
        self._optimizer = torch.optim.Adam(self.network.parameters(), settings.learning_rate)

    def state(self) -> dict[str, Any]:
        """Return the states of the network and of the optimiser; what is drawn follows from the iteration."""
        return {"network": self.network.state_dict(), "optimizer": self._optimizer.state_dict()}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over what :meth:`state` gave."""
        self.network.load_state_dict(state["network"])
        self._optimizer.load_state_dict(state["optimizer"])

    def save(self, path: str | os.PathLike, history: Rows) -> None:
        """Write {epoch, state_dict}, of which the published programs read the second."""
        self.network.save_checkpoint(path, epoch=len(history))

    def train(self, epoch: int) -> Row:
        """Some iterations; the learning rate is that of the last one, and points are those of a pair of crops."""
        settings = self._settings
        start = (epoch - 1) * settings.epoch_iterations
        iterations = range(start, min(start + settings.epoch_iterations, settings.iterations))
        self.network.train()
        losses, points, rate = [], 0, 0.0
        progress = tqdm(self._loader.training(iterations), total=len(iterations), unit="batch", desc=f"epoch {epoch}")
        for iteration, batch in zip(iterations, progress, strict=True):
            points += sum(batch.points_per_crop)
            rate = learning_rate(settings, iteration)
            if not usable(settings.criterion, batch.points_per_crop):
                continue
            losses.append(self._step(batch, rate))
            if not math.isfinite(losses[-1]):
                raise DataError(f"epoch {epoch}, iteration {iteration + 1}: the loss is {losses[-1]}; {_REMEDY}")
            progress.set_postfix(loss=f"{sum(losses) / len(losses):.4f}", refresh=False)
        self._check(epoch, len(losses))
        return {
            "loss": sum(losses) / len(losses),
            "learning_rate": rate,
            "points": points / (len(iterations) * settings.batch),
            "skipped_batches": len(iterations) - len(losses),
        }

    def validate(self, epoch: int) -> Row:
        """Loss and share of points found again on the images of the validation."""
        if self._validation is None:
            return {}
        loss, accuracy = validate(self.network, self._validation.validation(), self._settings, self._device)
        return {"val_loss": loss, "val_accuracy": accuracy}

    def _step(self, batch: Batch, rate: float) -> float:
        """One step of the optimiser; returns the loss."""
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        # One after the other, each with batch statistics of its own, as published.
        sources, targets = (self.network(crops.to(self._device)) for crops in (batch.sources, batch.targets))
        loss = pair_loss(sources, targets, batch.samples, self._settings)
        self._optimizer.zero_grad()
        loss.backward()
        self._optimizer.step()
        return loss.item()

    def _check(self, epoch: int, steps: int) -> None:
        if not steps:
            raise DataError(
                f"epoch {epoch}: no batch had {CROPS_NEEDED[self._settings.criterion]} pairs of crops with two common "
                "keypoints; enlarge batch or crop_size, or name images with more keypoints"
            )
        for name, tensor in self.network.state_dict().items():
            if not torch.isfinite(tensor).all():
                raise DataError(f"epoch {epoch}: {name} is not finite after its last batch; {_REMEDY}")


def learning_rate(settings: HNDescSettings, iteration: int) -> float:
    """Compute the learning rate of an iteration, counted from 0: halved after every ``decay_iterations``."""
    return settings.learning_rate * _DECAY ** (iteration // settings.decay_iterations)
