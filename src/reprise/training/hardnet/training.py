"""Training of HardNet on PhotoTour patches (Mishchuk, Mishkin, Radenovic and Matas, NIPS 2017, section 3)."""

import math
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from reprise.datasets.phototour import PhotoTour, joined
from reprise.datasets.reading import read_patches
from reprise.networks.devices import best_device
from reprise.networks.hardnet import HardNet
from reprise.storage.errors import DataError
from reprise.training.curves import Row, Rows
from reprise.training.hardnet.augmentation import augmented, shrunk
from reprise.training.hardnet.hardnet_loss import (
    correlation_penalty,
    explicit_negatives_loss,
    global_orthogonal,
    hardnet_loss,
    l2net_loss,
)
from reprise.training.hardnet.sampling import Flips, TripletSampler, turned
from reprise.training.hardnet.settings import HardNetSettings
from reprise.training.hardnet.validation import false_positive_rates, prepared
from reprise.training.loop import System, TrainingFiles, run_training

_REMEDY = "lower learning_rate, or train with another seed"


def train(description: Mapping[str, Any], files: TrainingFiles, *, identity: str, workers: int) -> None:
    """Train by the entry of a configuration; see :mod:`reprise.training.settings`.

    Args:
        description: the settings, with descriptions of datasets in place of their names
        files: what is written
        identity: of the training
        workers: not used: patches are read at once

    Raises:
        DataError: as :func:`train_hardnet`
    """
    given = {key: value for key, value in description.items() if key not in ("dataset", "also", "validation")}
    settings = HardNetSettings.read(given, "training")

    def read(dataset: Mapping[str, Any]) -> PhotoTour:
        return read_patches(dataset, shrunk=not settings.augmentation)

    train_hardnet(
        settings,
        joined([read(description["dataset"]), *(read(each) for _, each in sorted(description["also"].items()))]),
        {name: read(dataset) for name, dataset in description["validation"].items()},
        files,
        identity=identity,
    )


def train_hardnet(
    settings: HardNetSettings,
    tour: PhotoTour,
    validation: Mapping[str, PhotoTour],
    files: TrainingFiles,
    *,
    identity: str,
    device: str | None = None,
) -> HardNet:
    """Train a network, and go on from the last finished epoch if an earlier call was interrupted.

    On a CPU, with the same number of threads, the weights are the same to the last bit whether interrupted or not.

    Args:
        settings: of the training
        tour: the set that is trained on, with patches of 32 x 32, or larger ones for augmentation
        validation: name in the history -> set whose pairs the network is tested on after every epoch, with patches of
            the same size
        files: what is written; the best checkpoint is that of the last epoch
        identity: what the state belongs to: anything that changes the result has to change it
        device: None for a GPU where there is one

    Returns:
        the network in evaluation mode

    Raises:
        DataError: too few points for a batch, or a loss or weights that are not finite; what the finished epochs gave
            stays in the state
    """
    system = HardNetTraining(settings, tour, validation, device or best_device())
    run_training(system, settings.epochs, files, identity)
    return system.network.eval()


class HardNetTraining(System):
    """A HardNet in training; arguments and errors as of :func:`train_hardnet`.

    Attributes:
        network: on the device
    """

    title = "HardNet"

    def __init__(
        self, settings: HardNetSettings, tour: PhotoTour, validation: Mapping[str, PhotoTour], device: str
    ) -> None:
        self._settings, self._validation, self._device = settings, dict(validation), device
        if settings.augmentation:
            self._patches = torch.from_numpy(tour.patches)  # which are changed before they go to the device
            self._validation = {
                name: replace(each, patches=shrunk(each.patches)) for name, each in self._validation.items()
            }
        else:
            self._patches = torch.from_numpy(tour.patches).to(device)
        self._sampler = TripletSampler(tour.labels, settings.batch_pairs, settings.seed)
        self._flips = Flips(settings.seed)
        self._batches = math.ceil(settings.pairs / settings.batch_pairs)
        torch.manual_seed(settings.seed)
        self.network = HardNet(settings.dropout, settings.gain).to(device)
        self._optimizer = torch.optim.SGD(
            self.network.parameters(),
            settings.learning_rate,
            momentum=settings.momentum,
            dampening=settings.dampening,
            weight_decay=settings.weight_decay,
        )
        rates = [_column(name) for name in validation]
        self.columns = ["loss", "learning_rate", *rates]
        self.panels = [("training loss", ["loss"]), *([("FPR95 (%)", rates)] if rates else [])]

    def state(self) -> dict[str, Any]:
        """Return the states of the network, of what trains it and of the random numbers."""
        return {
            "network": self.network.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "sampler": self._sampler.state(),
            "flips": self._flips.state(),
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over what :meth:`state` gave."""
        self.network.load_state_dict(state["network"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._sampler.load(state["sampler"])
        self._flips.load(state["flips"])

    def save(self, path: str | os.PathLike, history: Rows) -> None:
        """Write {epoch, state_dict}, as published."""
        self.network.save_checkpoint(path, epoch=len(history))

    def train(self, epoch: int) -> Row:
        """One pass over newly drawn pairs; the learning rate is that of the last step."""
        settings = self._settings
        triplets = torch.from_numpy(self._sampler.draw(settings.pairs)).to(self._device)
        flips = torch.from_numpy(self._flips.draw(settings.pairs)).to(self._device) if settings.flips else None
        torch.manual_seed(int(np.random.SeedSequence([settings.seed, epoch]).generate_state(1)[0]))
        self._augmenting = np.random.default_rng([settings.seed, epoch])
        self.network.train()
        total = 0.0
        progress = tqdm(range(self._batches), unit="batch", desc=f"epoch {epoch}", mininterval=1.0)
        for batch in progress:
            rows = slice(batch * settings.batch_pairs, (batch + 1) * settings.batch_pairs)
            rate = learning_rate(settings, (epoch - 1) * self._batches + batch)
            loss = self._step(triplets[rows], None if flips is None else flips[rows], rate)
            if not math.isfinite(loss):
                raise DataError(f"epoch {epoch}, batch {batch + 1}: the loss is {loss}; {_REMEDY}")
            total += loss
            progress.set_postfix(loss=f"{total / (batch + 1):.4f}", refresh=False)
        self._check_weights(epoch)
        return {"loss": total / self._batches, "learning_rate": rate}

    def validate(self, epoch: int) -> Row:
        """FPR95 on each set, in percent."""
        rates = false_positive_rates(self.network, self._validation, self._device)
        return {_column(name): 100 * rate for name, rate in rates.items()}

    def _step(self, triplets: torch.Tensor, flips: torch.Tensor | None, rate: float) -> float:
        """One step of the optimiser; returns the loss."""
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        # One after the other, each with batch statistics and dropout of its own, as published.
        anchors, positives = (self._describe(triplets[:, column], flips) for column in (0, 1))
        loss = self._loss(anchors, positives, triplets, flips)
        self._optimizer.zero_grad()
        loss.backward()
        self._optimizer.step()
        return loss.item()

    def _describe(self, patches: torch.Tensor, flips: torch.Tensor | None) -> torch.Tensor:
        values = prepared(self._augmented(patches) if self._settings.augmentation else self._patches[patches])
        return self.network.describe(values if flips is None else turned(values, flips))

    def _augmented(self, patches: torch.Tensor) -> torch.Tensor:
        """Each patch is changed on its own, whichever pair it is of."""
        found = self._patches[patches.to(self._patches.device)].numpy()
        return torch.from_numpy(augmented(found, self._augmenting)).to(self._device)

    def _loss(
        self, anchors: torch.Tensor, positives: torch.Tensor, triplets: torch.Tensor, flips: torch.Tensor | None
    ) -> torch.Tensor:
        settings = self._settings
        explicit = settings.mining == "explicit" or settings.orthogonality > 0
        negatives = self._describe(triplets[:, 2], flips) if explicit else anchors
        cost: dict[str, Any] = {"loss": settings.loss, "margin": settings.margin, "anchor_swap": settings.anchor_swap}
        if settings.mining == "explicit":
            loss = explicit_negatives_loss(anchors, positives, negatives, **cost)
        elif settings.mining == "l2net":
            loss = l2net_loss(anchors, positives, anchor_swap=settings.anchor_swap)
        else:
            loss = hardnet_loss(anchors, positives, mining=settings.mining, **cost)
        if settings.decorrelation:
            loss = loss + settings.decorrelation * correlation_penalty(anchors)
        return loss + global_orthogonal(anchors, negatives, settings.orthogonality) if settings.orthogonality else loss

    def _check_weights(self, epoch: int) -> None:
        for name, tensor in self.network.state_dict().items():
            if not torch.isfinite(tensor).all():
                raise DataError(f"epoch {epoch}: {name} is not finite after its last batch; {_REMEDY}")


def learning_rate(settings: HardNetSettings, step: int) -> float:
    """Compute the learning rate of a step, as published: a line that begins one step late.

    Args:
        settings: of the training
        step: from 0 on, over all epochs. Where pairs fill no whole batches, the last rates can be below 0
    """
    done = max(step - 1, 0) * settings.batch_pairs
    return settings.learning_rate * (1 - done / (settings.pairs * settings.epochs))


def _column(name: str) -> str:
    return f"fpr95_{name}"
