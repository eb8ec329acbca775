"""Training of AMES, from scratch or distilled from a teacher (Suma et al., ECCV 2024, sections 4 and 5.1)."""

import math
import os
import time
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
from reprise.training.curves import draw_figure, write_csv
from reprise.training.states import TrainingState

Row = dict[str, float | int | None]


def train_ames(
    settings: AmesSettings,
    *,
    features: str | os.PathLike,
    neighbors: RankedList,
    labels: np.ndarray,
    output: str | os.PathLike,
    log: str | os.PathLike,
    figure: str | os.PathLike,
    state: str | os.PathLike,
    identity: str,
    teacher: str | os.PathLike | None = None,
    binarizer: str | os.PathLike | None = None,
    validation: AmesValidation | None = None,
    device: str | None = None,
) -> AMES:
    """Train a network, write it and the course of its training, and return it in evaluation mode.

    Args:
        features: local features of the training images, dense or ragged; they say what ``local_dim`` is
        neighbors: of every training image among all of them
        labels: (images,) of any sortable type, equal where two images show the same object
        output: the checkpoint of the last epoch, {state, optim, epoch} as published
        log: CSV with a row per epoch; figure: its curves as SVG
        state: folder of the state, from which a killed training goes on at its last finished epoch. On the CPU, with
            as many threads, the result is bitwise that of a training that was never killed
        identity: of this training (its recipe); the state of another one is set aside
        teacher: checkpoint of the network whose tokens are distilled; None trains with the cross-entropy alone
        binarizer: file of the matrix that a binarized network starts from (:mod:`reprise.training.itq.fitting`)
        validation: what each epoch is scored on
        device: the GPU if there is one

    DataError: inputs of different lengths, a teacher of another width, more descriptors than are stored, no valid
    anchor, or a loss that is not finite (names the images; the state of the epoch before stays).
    """
    run = _Run(settings, open_features(features), neighbors, labels, teacher, binarizer, device or best_device())
    saved = TrainingState(state, identity)
    history = run.load(saved.load())
    for epoch in range(len(history), settings.epochs):
        history.append(run.train_epoch(epoch, validation))
        print("  ".join(f"{key} {value:.5g}" for key, value in history[-1].items() if value is not None), flush=True)
        saved.save(run.state(history))
    run.network.eval()
    run.network.save_checkpoint(output, epoch=settings.epochs, optimizer=run.optimizer.state_dict())
    write_csv(log, history)
    draw_figure(figure, history, _panels(history), "AMES, distilled" if teacher else "AMES")
    return run.network


class _Run:
    """The network in training, and what it is trained with."""

    def __init__(
        self,
        settings: AmesSettings,
        features: LocalDescriptors,
        neighbors: RankedList,
        labels: np.ndarray,
        teacher: str | os.PathLike | None,
        binarizer: str | os.PathLike | None,
        device: str,
    ) -> None:
        _check_features(settings, features, len(labels))
        self._settings, self._features, self._device = settings, features, device
        self._sampler = TripletSampler(neighbors.scores, neighbors.ranks, labels, settings.candidates)
        self._batches = math.ceil(3 * len(self._sampler.anchors) / settings.batch_images)
        self._teacher = None if teacher is None else _load_teacher(teacher, features.dim).to(device)
        torch.manual_seed(settings.seed)
        self.network = AMES(features.dim, settings.binarized, binarizer=binarizer).to(device)
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), settings.learning_rate, weight_decay=settings.weight_decay
        )

    def load(self, state: Mapping[str, Any] | None) -> list[Row]:
        """Take over a saved state; returns the rows of the epochs that it has behind it."""
        if state is None:
            return []
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        return list(state["history"])

    def state(self, history: list[Row]) -> dict[str, Any]:
        """What :meth:`load` goes on from."""
        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "history": history,
        }

    def train_epoch(self, epoch: int, validation: AmesValidation | None) -> Row:
        """One pass over the anchors; returns its row of the log."""
        settings, started = self._settings, time.perf_counter()
        counts = draw_counts(self._batches, settings.min_descriptors, settings.descriptors, settings.seed, epoch)
        everything = None if self._teacher is None else settings.descriptors
        triplets = batches(self._sampler.epoch(settings.seed, epoch), settings.batch_images)
        sums = np.zeros(4)
        read = read_batches(self._features, triplets, counts, everything)
        self.network.train()
        for step, batch in enumerate(
            tqdm(read, total=self._batches, unit="batch", desc=f"epoch {epoch + 1}", mininterval=1.0)
        ):
            for group in self.optimizer.param_groups:
                group["lr"] = self._learning_rate(epoch * self._batches + step)
            sums += self._step(batch, f"epoch {epoch + 1}, batch {step + 1}")
        self._check_weights(epoch)
        total, cross_entropy, distillation, correct = sums / len(self._sampler.anchors)
        row: Row = {"epoch": epoch + 1, "loss": total, "cross_entropy": cross_entropy}
        row["distillation"] = distillation if self._teacher is not None else None
        row |= {"accuracy": correct / 2, "learning_rate": self._learning_rate((epoch + 1) * self._batches)}
        if validation is not None:
            row |= validation.scores(self.network.eval())
        return row | {"seconds": time.perf_counter() - started}

    def _step(self, batch: Batch, where: str) -> np.ndarray:
        """One step of the optimiser; returns the sums of loss, its two parts and right logits over the triplets."""
        self.optimizer.zero_grad()
        sums = np.zeros(4)
        for part in batch.parts(self._settings.accumulation):
            loss = self._loss(part.to(self._device))
            values = [loss.total.item(), loss.cross_entropy.item(), loss.distillation.item()]
            if not np.isfinite(values).all():
                raise DataError(
                    f"{where}: the loss is {values[0]}, with the images (anchor, positive, negative) "
                    f"{part.triplets.tolist()}; lower learning_rate, or look at the features of these images. The "
                    "state of the epoch before is kept"
                )
            (loss.total * (len(part) / len(batch))).backward()
            sums += [*(value * len(part) for value in values), loss.correct.item()]
        self.optimizer.step()
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
                raise DataError(
                    f"epoch {epoch + 1}: {name} is not finite after its last batch; lower learning_rate. The state of "
                    "the epoch before is kept"
                )


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


def _panels(history: list[Row]) -> list[tuple[str, list[str]]]:
    scores = [key for key in history[0] if key.startswith("validation")]
    return [
        ("training loss", ["loss", "cross_entropy", "distillation"]),
        ("accuracy of pairs", ["accuracy"]),
        ("validation mAP", scores),
    ]
