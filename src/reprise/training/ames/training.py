"""Training of AMES, from scratch or distilled from a teacher (Suma et al., ECCV 2024, sections 4 and 5.1)."""

import math
import os
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from reprise.formats.features import open_features
from reprise.formats.rankings import RankedList
from reprise.networks.ames import AMES
from reprise.networks.devices import best_device
from reprise.storage.errors import DataError
from reprise.training.ames.batches import Batch, LocalDescriptors, draw_counts, read_batches
from reprise.training.ames.loss import Loss, triplet_loss
from reprise.training.ames.sampling import TripletSampler, batches
from reprise.training.ames.settings import AmesSettings
from reprise.training.ames.validation import AmesValidation
from reprise.training.curves import Row, Rows
from reprise.training.loop import System, TrainingFiles, run_training


def train_ames(
    settings: AmesSettings,
    *,
    features: str | os.PathLike,
    neighbors: RankedList,
    labels: np.ndarray,
    best: str | os.PathLike,
    history: str | os.PathLike,
    curves: str | os.PathLike,
    state: str | os.PathLike,
    identity: str,
    teacher: str | os.PathLike | None = None,
    binarizer: str | os.PathLike | None = None,
    validation: AmesValidation | None = None,
    device: str | None = None,
) -> AMES:
    """Train a network, and go on from the last finished epoch if an earlier call was interrupted.

    On a CPU, with the same number of threads, the weights are the same to the last bit whether interrupted or not.

    Args:
        settings: of the training
        features: local features of the training images, dense or ragged; they say what ``local_dim`` is
        neighbors: of every training image among all of them
        labels: (images,) of any sortable type, equal where two images show the same object
        best: the checkpoint of the last epoch, which is the result: {state, optim, epoch} as published
        history: CSV of the epochs, brought up to date after each
        curves: the same as SVG
        state: folder of what an interrupted call left; kept when all is done, may be deleted then
        identity: what ``state`` belongs to: anything that changes the result has to change it
        teacher: checkpoint of the network whose tokens are distilled; None trains with the cross-entropy alone
        binarizer: file of the matrix that a binarized network starts from (:mod:`reprise.training.itq`)
        validation: what each epoch is scored on
        device: None for a GPU where there is one

    Returns:
        the network in evaluation mode

    Raises:
        DataError: inputs of different lengths, a teacher of another width, more descriptors than are stored, no valid
            anchor, or a loss that is not finite (names the images); what the finished epochs gave stays in ``state``
    """
    device = device or best_device()
    opened = open_features(features)
    system = AmesTraining(settings, opened, neighbors, labels, teacher, binarizer, validation, device)
    run_training(system, settings.epochs, TrainingFiles(best, history, curves, state), identity)
    return system.network.eval()


class AmesTraining(System):
    """An AMES network in training.

    Args:
        settings: of the training
        features: of the training images
        neighbors: of every training image among all of them
        labels: (images,) of any sortable type
        teacher: a checkpoint; None for none
        binarizer: a file with a matrix; None for none
        validation: what each epoch is scored on; None for nothing
        device: where the networks run

    Attributes:
        network: on ``device``

    Raises:
        DataError: inputs that do not fit each other
    """

    def __init__(
        self,
        settings: AmesSettings,
        features: LocalDescriptors,
        neighbors: RankedList,
        labels: np.ndarray,
        teacher: str | os.PathLike | None,
        binarizer: str | os.PathLike | None,
        validation: AmesValidation | None,
        device: str,
    ) -> None:
        _check_features(settings, features, len(labels))
        self._settings, self._features, self._device = settings, features, device
        self._validation = validation
        self._sampler = TripletSampler(neighbors.scores, neighbors.ranks, labels, settings.candidates)
        self._batches = math.ceil(3 * len(self._sampler.anchors) / settings.batch_images)
        self._teacher = None if teacher is None else _load_teacher(teacher, features.dim).to(device)
        torch.manual_seed(settings.seed)
        self.network = AMES(features.dim, settings.binarized, binarizer=binarizer).to(device)
        self._optimizer = torch.optim.AdamW(
            self.network.parameters(), settings.learning_rate, weight_decay=settings.weight_decay
        )
        scores = [] if validation is None else validation.columns
        losses = ["loss", "cross_entropy", "distillation"]
        self.title = "AMES, distilled" if teacher else "AMES"
        self.columns = [*losses, "accuracy", "learning_rate", *scores]
        self.panels = [("training loss", losses), ("accuracy of pairs", ["accuracy"]), ("validation mAP", scores)]

    def state(self) -> dict[str, Any]:
        """Return the states of the network and of what trains it."""
        return {"network": self.network.state_dict(), "optimizer": self._optimizer.state_dict()}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over the states of the network and of what trains it."""
        self.network.load_state_dict(state["network"])
        self._optimizer.load_state_dict(state["optimizer"])

    def save(self, path: str | os.PathLike, history: Rows) -> None:
        """Write {state, optim, epoch}, as published, and the number of threads."""
        self.network.save_checkpoint(
            path,
            epoch=len(history),
            optimizer=self._optimizer.state_dict(),
            training={"threads": torch.get_num_threads()},
        )

    def train(self, epoch: int) -> Row:
        """One pass over the anchors; the learning rate falls at every step, and that after the last one is told."""
        settings, before = self._settings, epoch - 1  # random numbers count epochs from 0
        counts = draw_counts(self._batches, settings.min_descriptors, settings.descriptors, settings.seed, before)
        everything = None if self._teacher is None else settings.descriptors
        triplets = batches(self._sampler.epoch(settings.seed, before), settings.batch_images)
        read = read_batches(self._features, triplets, counts, everything)
        sums = np.zeros(4)
        self.network.train()
        for step, batch in enumerate(
            tqdm(read, total=self._batches, unit="batch", desc=f"epoch {epoch}", mininterval=1.0)
        ):
            for group in self._optimizer.param_groups:
                group["lr"] = self._learning_rate(before * self._batches + step)
            sums += self._step(batch, f"epoch {epoch}, batch {step + 1}")
        self._check_weights(epoch)
        total, cross_entropy, distillation, correct = sums / len(self._sampler.anchors)
        return {
            "loss": total,
            "cross_entropy": cross_entropy,
            "distillation": None if self._teacher is None else distillation,
            "accuracy": correct / 2,
            "learning_rate": self._learning_rate(epoch * self._batches),
        }

    def validate(self, epoch: int) -> Row:
        """Scores in [0, 1], one for each number of re-ranked images."""
        return {} if self._validation is None else self._validation.scores(self.network.eval())

    def _step(self, batch: Batch, where: str) -> np.ndarray:
        """One step of the optimiser; returns the sums of loss, its two parts and right logits over the triplets."""
        self._optimizer.zero_grad()
        sums = np.zeros(4)
        for part in batch.parts(self._settings.accumulation):
            loss = self._loss(part.to(self._device))
            values = [loss.total.item(), loss.cross_entropy.item(), loss.distillation.item()]
            if not np.isfinite(values).all():
                raise DataError(
                    f"{where}: the loss is {values[0]}, with the images (anchor, positive, negative) "
                    f"{part.triplets.tolist()}; lower learning_rate, or look at the features of these images"
                )
            (loss.total * (len(part) / len(batch))).backward()
            sums += [*(value * len(part) for value in values), loss.correct.item()]
        self._optimizer.step()
        return sums

    def _loss(self, batch: Batch) -> Loss:
        half = self._settings.mixed_precision
        with torch.autocast(torch.device(self._device).type, torch.bfloat16) if half else nullcontext():
            return triplet_loss(self.network, batch, self._teacher, self._settings.beta)

    def _learning_rate(self, step: int) -> float:
        """A cosine from the setting down to 0 after the last step."""
        steps = self._settings.epochs * self._batches
        return self._settings.learning_rate * (1 + math.cos(math.pi * step / steps)) / 2

    def _check_weights(self, epoch: int) -> None:
        for name, parameter in self.network.named_parameters():
            if not torch.isfinite(parameter).all():
                raise DataError(f"epoch {epoch}: {name} is not finite after its last batch; lower learning_rate")


def _check_features(settings: AmesSettings, features: LocalDescriptors, labels: int) -> None:
    if features.num_images != labels:
        raise DataError(
            f"features: of {features.num_images} images, and there are {labels} labels; both have to come from the "
            "same list of images, in its order"
        )
    if settings.descriptors > features.num_features:
        raise DataError(
            f"descriptors: is {settings.descriptors}, and the features have {features.num_features} per image; lower "
            "the setting, or extract again with more"
        )


def _load_teacher(path: str | os.PathLike, dim: int) -> AMES:
    teacher = AMES.from_checkpoint(path)
    if teacher.local_dim != dim:
        raise DataError(
            f"{path}: the teacher takes descriptors of {teacher.local_dim} dimensions, and the features have {dim}; "
            "give a teacher that was trained on these features"
        )
    return teacher.eval()
