"""How well an AMES network in training re-ranks a validation set."""

import os
from collections.abc import Mapping, Sequence

import numpy as np
import torch

from reprise.datasets.reading import read_dataset
from reprise.formats.features import open_features
from reprise.formats.neighbors import read_neighbors
from reprise.formats.rankings import RankedList
from reprise.networks.ames import AMES
from reprise.reranking.fusion import evaluate, fuse
from reprise.reranking.shortlists import shortlists
from reprise.storage.errors import DataError
from reprise.training.ames.batches import LocalDescriptors
from reprise.training.ames.settings import AmesValidationSettings
from reprise.training.curves import Row

_PAIRS = 64


class AmesValidation:
    """Queries, their neighbours in a database, and what of it is right.

    Args:
        settings: of the re-ranking
        neighbors: of every query, indices into the database
        queries: file of their local features
        database: the same of the database
        ground_truth: one mapping per query. With the lists ``easy`` and ``hard`` the score is the mAP of the medium
            protocol, with ``ok`` and ``junk`` the classic mAP, with ``ok`` alone the mAP@100 of Google Landmarks v2
        first: only so many queries; None takes all

    Raises:
        DataError: other numbers of queries or images, or more descriptors or candidates than there are
    """

    def __init__(
        self,
        settings: AmesValidationSettings,
        *,
        neighbors: RankedList,
        queries: str | os.PathLike,
        database: str | os.PathLike,
        ground_truth: Sequence[Mapping],
        first: int | None = None,
    ) -> None:
        self._settings, self._truth = settings, ground_truth[:first]
        self._queries, self._database = open_features(queries), open_features(database)
        self._check(neighbors, len(ground_truth))
        chosen = RankedList(neighbors.ranks[:first], neighbors.scores[:first])
        ((self._name, self._ranking),) = shortlists(chosen, self._truth, ("medium",)).items()
        self._candidates = self._ranking.first(max(settings.candidates)).ranks

    @property
    def columns(self) -> list[str]:
        """The names of the scores: ``validation_map_<K>`` for each number K of re-ranked images."""
        return [f"validation_map_{count}" for count in self._settings.candidates]

    def scores(self, network: AMES) -> Row:
        """The scores of a network.

        Args:
            network: in evaluation mode

        Returns:
            the mAP in [0, 1] of each of ``columns``
        """
        logits = self._logits(network)
        values = (self._map(logits[:, :count]) for count in self._settings.candidates)
        return dict(zip(self.columns, values, strict=True))

    def _map(self, logits: np.ndarray) -> float:
        ranking = fuse(self._ranking, logits, self._settings.similarity_weight, self._settings.temperature)
        (scores,) = evaluate({self._name: ranking}, self._truth).values()
        return scores.map

    @torch.inference_mode()
    def _logits(self, network: AMES) -> np.ndarray:
        """(Q, K) float32; what is in memory of the database is never more than one batch of pairs."""
        device = network.mtc_token.device
        logits = np.empty(self._candidates.shape, np.float32)
        for query, images in enumerate(self._candidates):
            values, mask = _read(self._queries, np.array([query]), self._settings.query_descriptors, device)
            source = network.project_query(values)
            for start in range(0, len(images), _PAIRS):
                rows = slice(start, start + _PAIRS)
                values, other = _read(self._database, images[rows], self._settings.database_descriptors, device)
                count = len(values)
                found = network.match(
                    source.expand(count, -1, -1), mask.expand(count, -1), network.project_database(values), other
                )
                assert isinstance(found, torch.Tensor)
                logits[query, rows] = found.cpu().numpy()
        return logits

    def _check(self, neighbors: RankedList, truths: int) -> None:
        numbers = len(neighbors.ranks), truths, self._queries.num_images
        if len(set(numbers)) > 1 or not numbers[0]:
            raise DataError(
                f"validation: neighbours of {numbers[0]} queries, ground truth of {numbers[1]} and features of "
                f"{numbers[2]}; all have to come from the same list of queries"
            )
        if neighbors.ranks.max() >= self._database.num_images:
            raise DataError(
                f"validation: the neighbours hold image {neighbors.ranks.max()}, and the database has features of "
                f"{self._database.num_images}; both have to come from the same list of images"
            )
        for name, file in (("query_descriptors", self._queries), ("database_descriptors", self._database)):
            if getattr(self._settings, name) > file.num_features:
                raise DataError(
                    f"validation.{name}: is {getattr(self._settings, name)}, and {file.path} has {file.num_features} "
                    "per image; lower the setting, or extract again with more"
                )


def read_validation(
    description: Mapping | None, queries: str | os.PathLike | None, database: str | os.PathLike | None
) -> AmesValidation | None:
    """Read what a network in training is scored on.

    Args:
        description: ``settings`` of :class:`AmesValidationSettings`; ``dataset``, as
            :func:`reprise.datasets.reading.read_dataset` takes it; ``neighbors``, their file; ``queries``, only the
            first so many, or None for all. None for no validation
        queries: file of their local features
        database: the same of the database

    Returns:
        None for no validation

    Raises:
        DataError: a file that is missing or cannot be used, or a dataset without ground truth
    """
    if description is None:
        return None
    dataset = read_dataset(description["dataset"])
    if queries is None or database is None or dataset.ground_truth is None:
        raise DataError("validation: needs features of queries and database, and a dataset with ground truth")
    return AmesValidation(
        AmesValidationSettings.read(description["settings"], "validation"),
        neighbors=read_neighbors(description["neighbors"]),
        queries=queries,
        database=database,
        ground_truth=dataset.ground_truth,
        first=description["queries"],
    )


def _read(
    features: LocalDescriptors, rows: np.ndarray, count: int, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    values, valid = features.read(rows, count)
    mask = np.arange(values.shape[1]) >= valid[:, None]
    return torch.from_numpy(values).to(device).float(), torch.from_numpy(mask).to(device)
