"""One epoch: mining with the network as it is, then a pass over the tuples (ECCV 2020, section 4)."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from tqdm import tqdm

from reprise.datasets.sfm120k import TrainingSet
from reprise.networks.how import HOW
from reprise.storage.errors import DataError
from reprise.training.how.images import load_ahead
from reprise.training.how.mining import draw_epoch, mine_negatives, negative_distance
from reprise.training.how.settings import TrainingSettings
from reprise.training.losses import contrastive_loss


def parameter_groups(network: HOW, learning_rate: float) -> list[dict]:
    """The trunk at ``learning_rate``, and the reduction, if any, at 0, so that it keeps its whitening.

    Returns:
        what the optimisers of torch take
    """
    groups = [{"params": list(network.features.parameters()), "lr": learning_rate}]
    if network.dim_reduction is not None:
        groups.append({"params": list(network.dim_reduction.parameters()), "lr": 0.0})
    return groups


@dataclass(frozen=True)
class Trainer:
    """A network in training, with what each epoch needs.

    Attributes:
        settings: of the training
        training_set: its images and pairs
        network: on ``device``
        optimizer: Adam over :func:`parameter_groups`
        workers: threads that decode images
        device: where the network runs
    """

    settings: TrainingSettings
    training_set: TrainingSet
    network: HOW
    optimizer: torch.optim.Optimizer
    workers: int
    device: str

    def run(self, epoch: int) -> tuple[float, float]:
        """Train for one epoch, counted from 1.

        Returns:
            the mean loss of a tuple, and the mean distance of queries and their mined negatives, before the first step

        Raises:
            DataError: a loss or a parameter that is not finite, an image that cannot be read, too few clusters
        """
        tuples, distance = self._mine(epoch)
        loss = self._train(epoch, tuples)
        for name, parameter in self.network.named_parameters():
            if not torch.isfinite(parameter).all():
                raise DataError(f"epoch {epoch}: {name} is not finite after the last step; {_REMEDY}")
        return loss, distance

    def _mine(self, epoch: int) -> tuple[np.ndarray, float]:
        """The tuples in the order of training, (n, 2 + negatives) image indices: query, positive, negatives."""
        settings, training_set = self.settings, self.training_set
        draw = draw_epoch(training_set, queries=settings.queries, pool=settings.pool, seed=settings.seed + epoch)
        queries, positives = training_set.queries[draw.pairs], training_set.positives[draw.pairs]
        images, rows = np.unique(np.concatenate([queries, draw.pool]), return_inverse=True)
        vectors = self._describe(images, epoch)
        query_vectors, pool_vectors = vectors[rows[: len(queries)]], vectors[rows[len(queries) :]]
        clusters = training_set.clusters
        found = mine_negatives(query_vectors, pool_vectors, clusters[queries], clusters[draw.pool], settings.negatives)
        tuples = np.column_stack([queries, positives, draw.pool[found]])[draw.order]
        return tuples, negative_distance(query_vectors, pool_vectors[found])

    def _describe(self, images: np.ndarray, epoch: int) -> np.ndarray:
        """The global descriptors of images, (n, D) float32."""
        network = self.network.for_inference()
        vectors = np.empty((len(images), network.dim), np.float32)
        loaded = tqdm(self._load(images), total=len(images), unit="image", desc=f"epoch {epoch}: mining", mininterval=1)
        with torch.inference_mode(), self._precision():
            for row, image in enumerate(loaded):
                vectors[row] = network(image).float().cpu().numpy()
        if not np.isfinite(vectors).all():
            raise DataError(f"epoch {epoch}: descriptors are not finite; {_REMEDY}")
        return vectors

    def _train(self, epoch: int, tuples: np.ndarray) -> float:
        """The pass over the tuples; those that fill no whole batch are left out, as published."""
        settings = self.settings
        batches = len(tuples) // settings.batch
        if not batches:
            raise DataError(f"batch: is {settings.batch}, and an epoch has {len(tuples)} tuples; lower batch")
        tuples = tuples[: batches * settings.batch]
        loaded = self._load(tuples.ravel())
        self.network.train()
        total = 0.0
        progress = tqdm(tuples, unit="tuple", desc=f"epoch {epoch}: training", mininterval=1.0)
        for number, indices in enumerate(progress, 1):
            batch = -(-number // settings.batch)
            query = self.training_set.images.paths[indices[0]]
            where = f"epoch {epoch}, batch {batch}, the tuple of the query {query}"
            total += self._tuple(list(islice(loaded, len(indices))), where)
            progress.set_postfix(loss=f"{total / number:.4f}", refresh=False)
            due = number % (settings.batch * settings.accumulation) == 0
            if due or number == len(tuples):
                self.optimizer.step()
                self.optimizer.zero_grad()
        self.network.eval()
        return total / len(tuples)

    def _tuple(self, images: list[torch.Tensor], where: str) -> float:
        """Add the gradients of one tuple, query first; returns its loss."""
        labels = torch.tensor([-1, 1] + [0] * (len(images) - 2), device=self.device)
        try:
            with self._precision():
                vectors = torch.cat([self.network(image) for image in images]).float().T
        except DataError as error:
            raise DataError(f"{where}: {error}; {_REMEDY}") from error
        loss = contrastive_loss(vectors, labels, self.settings.margin)
        if not torch.isfinite(loss):
            raise DataError(f"{where}: the loss is {loss.item()}; {_REMEDY}")
        loss.backward()
        return loss.item()

    def _load(self, images: np.ndarray) -> Iterator[torch.Tensor]:
        paths = [self.training_set.images.paths[image] for image in images]
        for image in load_ahead(paths, self.network, self.settings.image_size, self.workers):
            yield image.to(self.device)

    def _precision(self) -> torch.autocast:
        enabled = self.settings.mixed_precision
        return torch.autocast(torch.device(self.device).type, torch.bfloat16, enabled=enabled)


_REMEDY = "lower the learning rate"
