"""Pairs of images that are matched: references that see the same points, queries and the references most like them.

A pair has no direction. Lists hold no pair twice, and are in the order of the images, so that pairs of one image stand
together.
"""

import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from scipy import sparse

from reprise.datasets.text import read_lines
from reprise.formats.colmap_models import ModelImage
from reprise.formats.rankings import Ranking
from reprise.storage.arguments import quoted
from reprise.storage.atomic import write_text
from reprise.storage.errors import DataError

_log = logging.getLogger(__name__)

Pair = tuple[str, str]


def covisible_pairs(images: Mapping[str, ModelImage], count: int) -> list[Pair]:
    """Pair each image with those that share the most points of the model with it.

    Args:
        images: by name, with observations
        count: so many for each image, at most; of equal ones, the first by their order in ``images``

    Raises:
        DataError: no two images share a point
    """
    names = list(images)
    rows, points = [], []
    for row, image in enumerate(images.values()):
        seen = np.empty(0, np.int64) if image.points is None else np.unique(image.points[image.points >= 0])
        rows.append(np.full(len(seen), row))
        points.append(seen)
    known, columns = np.unique(np.concatenate(points), return_inverse=True)
    shows = sparse.csr_matrix(
        (np.ones(len(columns), np.int32), (np.concatenate(rows), columns)), shape=(len(names), len(known))
    )
    shown_by = shows.T.tocsr()
    found: set[tuple[int, int]] = set()
    for row in range(len(names)):
        shared = (shows[row] @ shown_by).toarray().ravel()
        shared[row] = 0
        best = np.argsort(-shared, kind="stable")[:count]
        found.update((min(row, other), max(row, other)) for other in best[shared[best] > 0].tolist())
    if not found:
        raise DataError(
            "covisibility: no two images of the model show the same point; give a model with points, or a list of pairs"
        )
    return [(names[a], names[b]) for a, b in sorted(found)]


def ranked_pairs(ranking: Ranking, queries: Sequence[str], references: Sequence[str], shortlist: int) -> list[Pair]:
    """Pair each query with the first ``shortlist`` images of its ranking.

    Raises:
        DataError: a ranking of other queries or other images
    """
    if ranking.query_names != list(queries) or ranking.database_names != list(references):
        raise DataError("the ranking is of other images than the dataset; delete it and run again")
    ranks = ranking.list_of("all").ranks[:, :shortlist]
    return [
        (query, references[image])
        for query, row in zip(queries, ranks.tolist(), strict=True)
        for image in row
        if image >= 0
    ]


def read_pairs(path: Path) -> list[Pair]:
    """Read a list of pairs: two names per line, as hloc and COLMAP have it.

    Raises:
        DataError: no such file, a line that has not two names, or an image that is paired with itself
    """
    pairs = []
    for number, line in enumerate(read_lines(path, "write two image names per line"), 1):
        fields = line.split()
        if not fields or line.startswith("#"):
            continue
        if len(fields) != 2 or fields[0] == fields[1]:
            raise DataError(f"{path}: line {number} is {quoted(line)}, expected the names of two images; correct it")
        pairs.append((fields[0], fields[1]))
    if not pairs:
        raise DataError(f"{path}: lists no pair; download it again")
    return pairs


def known_pairs(pairs: Iterable[Pair], known: Iterable[str], where: str, *, skip: bool = False) -> list[Pair]:
    """Return the pairs of images that exist.

    Args:
        pairs: the pairs
        known: the images that exist
        where: what errors begin with
        skip: leave pairs with other names out, and log how many; False: they are an error

    Raises:
        DataError: a name that does not exist, or no pair that is left
    """
    existing, every = set(known), list(pairs)
    kept = [pair for pair in every if pair[0] in existing and pair[1] in existing]
    unknown = sorted({name for pair in every for name in pair} - existing)
    if unknown and not skip:
        raise DataError(
            f"{where}: {quoted(unknown[0])} is no image of the dataset ({len(unknown)} such names); correct the list, "
            "or set unknown_names to skip"
        )
    if not kept:
        raise DataError(f"{where}: none of its {len(every)} pairs is of two images of the dataset; give another list")
    if unknown:
        _log.warning("%s: %d names are no images of the dataset, %d pairs are left out", where, len(unknown),
                     len(every) - len(kept))  # fmt: skip
    return kept


def first_of_each(pairs: Iterable[Pair], queries: Iterable[str], references: Iterable[str], count: int) -> list[Pair]:
    """Return, of a list of pairs, the first ``count`` references of each query, in the order of the list."""
    wanted, database = set(queries), set(references)
    left = dict.fromkeys(wanted, count)
    kept = []
    for first, second in pairs:
        query, reference = (first, second) if first in wanted else (second, first)
        if query in wanted and reference in database and left[query]:
            left[query] -= 1
            kept.append((query, reference))
    return kept


def among(pairs: Iterable[Pair], images: Iterable[str]) -> list[Pair]:
    """Return the pairs of which both images are among some images."""
    kept = set(images)
    return [pair for pair in pairs if pair[0] in kept and pair[1] in kept]


def unique_pairs(pairs: Iterable[Pair], images: Sequence[str]) -> list[Pair]:
    """Return each pair once, whatever its direction: the earlier image first, ascending in the order of ``images``."""
    places = {name: place for place, name in enumerate(images)}
    found = {(min(a, b), max(a, b)) for a, b in ((places[x], places[y]) for x, y in pairs)}
    return [(images[a], images[b]) for a, b in sorted(found)]


def write_pairs(path: str | os.PathLike, pairs: Sequence[Pair]) -> None:
    """Write a list of pairs, atomically; DataError for names with spaces, which the format cannot hold."""
    spaced = next((name for pair in pairs for name in pair if name.split() != [name]), None)
    if spaced is not None:
        raise DataError(f"{path}: {quoted(spaced)} has a space, which lists of pairs cannot hold; rename the image")
    write_text(path, "".join(f"{a} {b}\n" for a, b in pairs))
