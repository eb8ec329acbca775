"""Rankings, in the one form in which they are stored and passed between the stages, and their files.

A ranking is made in steps: a search makes one, and every step after it takes one and returns one. A step whose short
list depends on the protocol of a benchmark makes one list per protocol; otherwise there is one list for all.

Layout (docs/formats.md): ``ranks``, ``scores`` and, where lists are cut, ``places``, at the top or in one group per
protocol; ``query_names``, ``database_names``; attributes ``version``, ``protocols``, ``distractors``, ``num_images``,
``sizes`` and ``reranked``.
"""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from reprise.storage import hdf5
from reprise.storage.errors import DataError

#: The name of the one list of a ranking that is the same under every protocol.
ALL = "all"
_VERSION = 2
_KIND = "rankings"
_ARRAYS = ("ranks", "scores", "places")
_CHUNK = 2**18  # items


@dataclass(frozen=True)
class RankedList:
    """The database images of each query, best first, no image twice in a row.

    Attributes:
        ranks: (Q, M) integers, indices of database images
        scores: (Q, M) floats, descending; minus infinity of an image that had no descriptor to be compared by
        places: where ranks are cut, (Q, N) integers: the place, from 0, of each of the N images of the database, which
            come before any distractors, among all images. None where every image is ranked
    """

    ranks: np.ndarray
    scores: np.ndarray
    places: np.ndarray | None = None

    def __repr__(self) -> str:
        queries, images = self.ranks.shape
        return f"RankedList({queries} queries, {images} images each)"

    def first(self, count: int) -> "RankedList":
        """Return the first ``count`` images of each query.

        Raises:
            DataError: a list that is shorter
        """
        if not 1 <= count <= self.ranks.shape[1]:
            raise DataError(
                f"shortlist: is {count}, and the rankings hold {self.ranks.shape[1]} images per query; lower it, or "
                "search for more images"
            )
        return RankedList(self.ranks[:, :count], self.scores[:, :count])

    def complete(self) -> np.ndarray:
        """Compute the order of all images, (Q, images) integers, with negative ids for images that are not listed."""
        if self.places is None:
            return self.ranks
        ranks = np.tile(-1 - np.arange(self.places.max(initial=-1) + 1, dtype=np.int32), (len(self.places), 1))
        np.put_along_axis(ranks, self.places, np.arange(self.places.shape[1], dtype=np.int32)[None], axis=1)
        return ranks


@dataclass(frozen=True)
class Ranking:
    """The images of a database, and of its distractors if any, ranked for every query.

    Attributes:
        query_names: names of the Q queries
        database_names: the names that ranks are indices into: the images of the database, then ``distractors`` others
        lists: protocol -> its list, or ``ALL`` alone
        distractors: number of distractors, the last ones of ``database_names``
        num_images: number of images that were searched; more than ``database_names`` where distractors that are in no
            list were left out. None: as many as names
        sizes: memory of the search and of the steps after it, in bytes: kind ("index bytes", "token bytes", "region
            bytes") -> part -> bytes
        reranked: number of images at the head of each list that have the scores of the last step; those after them kept
            the scores of the step before, which are not comparable with them. None: all
    """

    query_names: list[str]
    database_names: list[str]
    lists: Mapping[str, RankedList]
    distractors: int = 0
    num_images: int | None = None
    sizes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    reranked: int | None = None

    def __repr__(self) -> str:
        protocols = "" if list(self.lists) == [ALL] else f", {', '.join(self.lists)}"
        return f"Ranking({len(self.query_names)} queries, {self.searched} images{protocols})"

    def list_of(self, protocol: str) -> RankedList:
        """Return the list of a protocol, which is the one for all where the lists do not differ.

        Raises:
            DataError: no such list
        """
        if ALL not in self.lists and protocol not in self.lists:
            raise DataError(f"ranking: has no list for '{protocol}', only for {', '.join(self.lists)}")
        return self.lists[protocol if protocol in self.lists else ALL]

    @property
    def shortest(self) -> int:
        """The number of images that the lists hold of each query, at least."""
        return min(ranked.ranks.shape[1] for ranked in self.lists.values())

    @property
    def searched(self) -> int:
        """The number of images that were searched."""
        return len(self.database_names) if self.num_images is None else self.num_images

    def of(self, query: str, protocol: str = ALL) -> list[tuple[str, float]]:
        """Return the list of one query.

        Args:
            query: the name of the query
            protocol: the protocol of the list

        Returns:
            (database name, score), best first

        Raises:
            DataError: an unknown query, or no such list
        """
        if query not in self.query_names:
            raise DataError(f"no query '{query}' in these rankings; there are {', '.join(self.query_names)}")
        row, ranked = self.query_names.index(query), self.list_of(protocol)
        return [
            (self.database_names[image], float(score))
            for image, score in zip(ranked.ranks[row], ranked.scores[row], strict=True)
            if image >= 0  # -1 pads lists
        ]

    def without_unranked(self) -> "Ranking":
        """Return the same ranking without the names of distractors that are in no list, which may be a million."""
        count = len(self.database_names) - self.distractors
        ranks = [ranked.ranks for ranked in self.lists.values()]
        kept = np.unique(np.concatenate([rows[rows >= count] for rows in ranks]))
        lists = {
            name: replace(
                ranked, ranks=np.where(ranked.ranks < count, ranked.ranks, count + np.searchsorted(kept, ranked.ranks))
            )
            for name, ranked in self.lists.items()
        }
        names = self.database_names[:count] + [self.database_names[image] for image in kept]
        return replace(self, lists=lists, database_names=names, distractors=len(kept), num_images=self.searched)

    def for_images(self, query_names: Sequence[str], database_names: Sequence[str], where: str) -> "Ranking":
        """Return the same ranking with ranks as indices into other names, which may be more images, in another order.

        Args:
            query_names: the names of the queries, which have to be those of the ranking, in its order
            database_names: the names that ranks refer to afterwards
            where: what an error begins with

        Raises:
            DataError: other queries, or an image in a list that ``database_names`` lacks
        """
        if list(query_names) != self.query_names:
            raise DataError(f"{where}: its queries are not those of the local features; run the search again")
        if list(database_names) == self.database_names:
            return self
        places = {name: place for place, name in enumerate(database_names)}
        used = np.unique(np.concatenate([ranked.ranks.ravel() for ranked in self.lists.values()]))
        used = used[used >= 0]  # -1 pads lists
        missing = [name for name in (self.database_names[image] for image in used) if name not in places]
        if missing:
            raise DataError(
                f"{where}: ranks '{missing[0]}', of which there are no local features ({len(missing)} such images); "
                "extract them for the same database"
            )
        new = np.full(len(self.database_names), -1, np.int64)
        new[used] = [places[self.database_names[image]] for image in used]
        # Places refer to the ranking's own database, so they do not hold for another one.
        lists = {
            name: RankedList(np.where(ranked.ranks < 0, ranked.ranks, new[ranked.ranks]), ranked.scores)
            for name, ranked in self.lists.items()
        }
        return replace(self, database_names=list(database_names), lists=lists, num_images=None)


def write_ranking(path: str | os.PathLike, ranking: Ranking, attributes: Mapping[str, object]) -> None:
    """Write a file of rankings, atomically.

    Args:
        path: the file
        ranking: the ranking
        attributes: HDF5 attributes of the file, such as the recipe
    """
    with hdf5.create(path, {**attributes, **_header(ranking, list(ranking.lists))}) as file:
        for protocol, ranked in ranking.lists.items():
            group = file if protocol == ALL else file.create_group(protocol)
            for name in _ARRAYS:
                values = getattr(ranked, name)
                if values is not None:
                    stored = values if name == "scores" else values.astype(np.int32)
                    hdf5.write_array(group, name, stored, compression="gzip", shuffle=True)
        hdf5.write_names(file, "query_names", ranking.query_names)
        hdf5.write_names(file, "database_names", ranking.database_names)


def write_ranking_in_blocks(
    path: str | os.PathLike,
    ranking: Ranking,
    shape: tuple[int, int],
    blocks: Iterable[tuple[int, RankedList]],
    attributes: Mapping[str, object],
) -> None:
    """Write a file of rankings with one list that does not fit into memory.

    Args:
        path: the file
        ranking: all of it but the list: ``lists`` is empty
        shape: of the list, queries and images
        blocks: first query, and a part of the list
        attributes: HDF5 attributes of the file, such as the recipe
    """
    chunks = (1, min(shape[1], _CHUNK))  # rows that are written once are compressed once
    options = {"chunks": chunks, "compression": "gzip", "shuffle": True, "fletcher32": True}
    with hdf5.create(path, {**attributes, **_header(ranking, [ALL])}) as file:
        ranks = file.create_dataset("ranks", shape, np.int32, **options)
        scores = file.create_dataset("scores", shape, np.float32, **options)
        for start, block in blocks:
            rows = slice(start, start + len(block.ranks))
            ranks[rows], scores[rows] = block.ranks.astype(np.int32), block.scores
        hdf5.write_names(file, "query_names", ranking.query_names)
        hdf5.write_names(file, "database_names", ranking.database_names)


def _header(ranking: Ranking, protocols: list[str]) -> dict[str, object]:
    return {
        "version": _VERSION,
        "protocols": protocols,
        "distractors": ranking.distractors,
        "num_images": ranking.searched,
        "sizes": json.dumps(ranking.sizes),
        "reranked": -1 if ranking.reranked is None else ranking.reranked,
    }


def read_ranking(path: str | os.PathLike) -> Ranking:
    """Read and check a file of rankings.

    Args:
        path: the file

    Returns:
        the ranking

    Raises:
        DataError: no such file, one that was written before rankings were made in steps, or arrays that do not fit
    """
    with hdf5.open_checked(path, {"query_names": 1, "database_names": 1}, _KIND) as file:
        version = int(file.attrs.get("version", 1))
        if version != _VERSION:
            raise DataError(
                f"{path}: was written by another version of reprise (layout {version}, this one reads {_VERSION}); "
                "delete it, or the results folder that it is in, and run again"
            )
        lists = {name: _read_list(file, "" if name == ALL else f"{name}/") for name in file.attrs["protocols"]}
        reranked = int(file.attrs["reranked"])
        ranking = Ranking(
            hdf5.read_names(file, "query_names"),
            hdf5.read_names(file, "database_names"),
            {name: ranked for name, ranked in lists.items() if ranked is not None},
            int(file.attrs["distractors"]),
            int(file.attrs["num_images"]),
            _sizes(path, file.attrs["sizes"]),
            None if reranked < 0 else reranked,
        )
    found = list(ranking.lists.values())
    whole = len(found) == len(lists) > 0 and all(ranked.ranks.shape == ranked.scores.shape for ranked in found)
    arrays = [array for ranked in found for array in (ranked.ranks, ranked.places) if array is not None]
    if not whole or any(array.ndim != 2 or len(array) != len(ranking.query_names) for array in arrays):
        raise DataError(f"{path}: 'ranks', 'scores' and 'query_names' do not fit each other; delete it and run again")
    names = len(ranking.database_names)
    if not 0 <= ranking.distractors <= names <= ranking.searched < 1 << 31:
        raise DataError(
            f"{path}: 'distractors', 'num_images' and 'database_names' do not fit each other; delete it and run again"
        )
    for name, ranked in ranking.lists.items():
        _check_list(path, name, ranked, len(ranking.database_names), ranking.searched)
    return ranking


def _sizes(path: str | os.PathLike, text: str) -> dict[str, dict[str, int]]:
    sizes = json.loads(text)
    parts = list(sizes.values()) if isinstance(sizes, dict) else [None]
    if not all(isinstance(part, dict) and all(type(size) is int for size in part.values()) for part in parts):
        raise DataError(f"{path}: the attribute 'sizes' is not of the known form; delete it and run again")
    return sizes


def _read_list(file: hdf5.CheckedFile, prefix: str) -> RankedList | None:
    if f"{prefix}ranks" not in file or f"{prefix}scores" not in file:
        return None
    ranks, scores = hdf5.read_array(file, f"{prefix}ranks", "iu"), hdf5.read_array(file, f"{prefix}scores", "f")
    return RankedList(
        ranks, scores, hdf5.read_array(file, f"{prefix}places", "iu") if f"{prefix}places" in file else None
    )


def _check_list(path: str | os.PathLike, protocol: str, ranked: RankedList, names: int, searched: int) -> None:
    """Refuse lists that no search can have made."""
    _check_rows(path, "ranks", protocol, ranked.ranks, names)
    if ranked.places is not None:
        _check_rows(path, "places", protocol, ranked.places, searched)
    wrong = np.isnan(ranked.scores).any(axis=1)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise DataError(f"{path}: the scores of query {row} ({protocol}) contain NaN; delete it and run again")


def _check_rows(path: str | os.PathLike, key: str, protocol: str, rows: np.ndarray, count: int) -> None:
    """Refuse rows in which a number repeats or is outside of 0 to ``count``; -1 may pad the end of a row of ranks."""
    for query, row in enumerate(rows):
        if key == "ranks" and row.size and row[-1] == -1:
            row = row[: row.size - int(np.argmax(row[::-1] != -1))] if (row != -1).any() else row[:0]
        inside = row.size == 0 or (row.min() >= 0 and row.max() < count)
        ordered = np.sort(row)
        if not inside or (ordered[1:] == ordered[:-1]).any():
            raise DataError(
                f"{path}: the {key} of query {query} ({protocol}) name an image twice, or one that is none of {count}; "
                "delete it and run again"
            )
