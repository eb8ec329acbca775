"""What is re-ranked: the ranking of an experiment, with the dataset that it is of."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from reprise.datasets.images import Dataset
from reprise.datasets.reading import read_dataset
from reprise.formats.neighbors import check_neighbors
from reprise.formats.rankings import RankedList, Ranking, read_ranking
from reprise.images.boxes import Box
from reprise.reranking.shortlists import shortlists
from reprise.storage.errors import DataError


@dataclass(frozen=True)
class Candidates:
    """A ranking whose ranks are indices into the images of a dataset and, behind them, of its distractors.

    Attributes:
        ranking: of all queries of the dataset
        dataset: with its ground truth, if it has any
    """

    ranking: Ranking
    dataset: Dataset

    @property
    def ground_truth(self) -> Sequence[Mapping]:
        """One mapping per query; none of a dataset without ground truth."""
        return self.dataset.ground_truth or ()

    @property
    def boxes(self) -> Sequence[Box | None]:
        """The box of every query, or None."""
        return self.dataset.split("queries").boxes or [None] * len(self.ranking.query_names)

    def lists(self, junk: str = "last") -> dict[str, RankedList]:
        """The lists that are re-ranked.

        Args:
            junk: "last": one of every protocol, without the images that it ignores in front; "kept": as they are
        """
        return dict(self.ranking.lists) if junk == "kept" else shortlists(self.ranking, self.dataset.ground_truth)

    def at_most(self, shortlist: int) -> int:
        """How many images of each list are re-ranked: ``shortlist``, or all of a smaller database."""
        return min(shortlist, self.ranking.shortest)


def read_candidates(path: str | os.PathLike, dataset: Mapping, distractors: Mapping | None) -> Candidates:
    """Read a ranking on a dataset, both once.

    Args:
        path: the file of rankings
        dataset: its description (:func:`reprise.datasets.reading.read_dataset`)
        distractors: description of the images that follow those of its database

    Raises:
        DataError: a ranking of other images or one that was cut, a dataset without queries
    """
    benchmark = read_dataset(dataset)
    if benchmark.queries is None:
        raise DataError(f"{path}: the dataset has no queries; re-rank rankings on one with queries")
    others = read_dataset(distractors).database.names if distractors else []
    return take_candidates(read_ranking(path), benchmark, others, str(path))


def take_candidates(ranking: Ranking, dataset: Dataset, distractors: Sequence[str], where: str) -> Candidates:
    """Pair a ranking with its dataset, both of which were read already.

    Args:
        ranking: of all queries of the dataset
        dataset: with its ground truth, if it has any
        distractors: names of the images that follow those of the database
        where: what an error begins with

    Raises:
        DataError: as :func:`read_candidates`
    """
    names = [*dataset.database.names, *distractors]
    if distractors and ranking.shortest < len(names):
        raise DataError(
            f"{where}: keeps only the first images of rankings with distractors, so that no score of a re-ranked "
            "one would be right; re-rank the experiment of a global descriptor, which ranks all images"
        )
    found = ranking.for_images(dataset.split("queries").names, names, where)
    lists = {name: RankedList(one.ranks, one.scores.astype(np.float32)) for name, one in found.lists.items()}
    for ranked in lists.values():
        check_neighbors(ranked, where, num_queries=len(found.query_names), num_images=len(names))
    return Candidates(replace(found, lists=lists, distractors=len(distractors), num_images=len(names)), dataset)
