"""Files of matches: for pairs of images, the features of the first and of the second one that match.

Layout (docs/formats.md): ``names`` (I) of the images, ``pairs`` (P, 2) i4, rows of ``names``, ``offsets`` (P + 1) i8,
``matches`` (n, 2) i4. The matches of pair p, ascending in the feature of its first image, are rows offsets[p] to
offsets[p + 1]. Attributes: ``first_pair`` and ``num_pairs``, the place of a chunk in the list of all pairs.

A pair has no direction: (a, b) and (b, a) are one pair, which no list holds twice.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reprise.storage import hdf5
from reprise.storage.errors import DataError

_KIND = "matches of pairs of images"
_REMEDY = "delete it and run again"
_DATASETS = {"names": 1, "pairs": 2, "offsets": 1, "matches": 2}


@dataclass(frozen=True)
class PairMatches:
    """The matches of pairs of images.

    Attributes:
        names: the images
        pairs: (P, 2) int32, rows of ``names``
        offsets: (P + 1,) int64, the matches of pair p are rows offsets[p] to offsets[p + 1]
        matches: (n, 2) int32, features of the first and of the second image of a pair, no feature twice in a pair
    """

    names: list[str]
    pairs: np.ndarray
    offsets: np.ndarray
    matches: np.ndarray

    def __len__(self) -> int:
        return len(self.pairs)

    def __iter__(self) -> Iterator[tuple[str, str, np.ndarray]]:
        """Iterate over the pairs: the names of both images, and their matches (m, 2)."""
        for row, (first, second) in enumerate(self.pairs):
            found = self.matches[self.offsets[row] : self.offsets[row + 1]]
            yield self.names[first], self.names[second], found


def collect_matches(pairs: Sequence[tuple[str, str]], matches: Sequence[np.ndarray]) -> PairMatches:
    """Put the matches of pairs of images together.

    Args:
        pairs: the names of both images of each pair
        matches: (m, 2) indices of keypoints of both images, for each pair
    """
    names = list(dict.fromkeys(name for pair in pairs for name in pair))
    places = {name: place for place, name in enumerate(names)}
    rows = np.array([[places[a], places[b]] for a, b in pairs], np.int32).reshape(-1, 2)
    offsets = np.concatenate([[0], np.cumsum([len(found) for found in matches])]).astype(np.int64)
    every = [np.asarray(found, np.int32).reshape(-1, 2) for found in matches]
    return PairMatches(names, rows, offsets, np.concatenate([np.zeros((0, 2), np.int32), *every]))


def write_matches(
    path: str | os.PathLike,
    matches: PairMatches,
    attributes: Mapping[str, object],
    *,
    first_pair: int = 0,
    num_pairs: int | None = None,
) -> None:
    """Write matches, atomically.

    Args:
        path: the file
        matches: the matches
        attributes: HDF5 attributes of the file, such as the recipe
        first_pair: the place of the first pair in the list of all pairs
        num_pairs: the length of that list; None where all of it is written

    Raises:
        DataError: a pair twice
    """
    _check_pairs(path, matches)
    total = len(matches) if num_pairs is None else num_pairs
    with hdf5.create(path, {**attributes, "first_pair": first_pair, "num_pairs": total}) as file:
        hdf5.write_names(file, "names", matches.names)
        hdf5.write_array(file, "pairs", matches.pairs.astype(np.int32))
        hdf5.write_array(file, "offsets", matches.offsets.astype(np.int64))
        hdf5.write_array(file, "matches", matches.matches.astype(np.int32))


def read_matches(path: str | os.PathLike) -> PairMatches:
    """Read and check a file of matches.

    Raises:
        DataError: no such file, another kind of file, or arrays that do not fit each other
    """
    with hdf5.open_checked(path, _DATASETS, _KIND) as file:
        matches = PairMatches(
            hdf5.read_names(file, "names"),
            hdf5.read_array(file, "pairs", "iu"),
            hdf5.read_array(file, "offsets", "iu"),
            hdf5.read_array(file, "matches", "iu"),
        )
    _check_arrays(path, matches)
    _check_pairs(path, matches)
    return matches


def read_match_chunks(chunks: Sequence[str | os.PathLike]) -> Iterator[tuple[str, str, np.ndarray]]:
    """Iterate over the pairs of several files, whose pairs follow each other, one file at a time.

    Yields:
        the names of both images of a pair, and their matches (m, 2)

    Raises:
        DataError: no chunks, chunks of different recipes, one that is missing or out of its place, or a pair twice
    """
    if not chunks:
        raise DataError(f"{_KIND}: there are no chunks to read")
    seen: set[frozenset[str]] = set()
    expected: tuple[str, int] | None = None
    next_pair = 0
    for chunk in map(Path, chunks):
        matches = read_matches(chunk)
        with hdf5.open_checked(chunk, _DATASETS, _KIND) as file:
            found = str(file.attrs.get("recipe")), int(file.attrs.get("num_pairs", -1))
            first = int(file.attrs.get("first_pair", -1))
        expected = expected or found
        if found != expected:
            raise DataError(f"{chunk}: was matched with another recipe than {chunks[0]}; delete the older one and run")
        if first != next_pair:
            raise DataError(f"{chunk}: begins with pair {first}, expected {next_pair}; give all chunks in order")
        next_pair += len(matches)
        for first_name, second_name, rows in matches:
            pair = frozenset((first_name, second_name))
            if pair in seen:
                raise DataError(f"{chunk}: '{first_name}' and '{second_name}' are a pair of an earlier chunk, too")
            seen.add(pair)
            yield first_name, second_name, rows
    if expected is not None and next_pair != expected[1]:
        raise DataError(f"{chunks[-1]}: {next_pair} of {expected[1]} pairs are there; give all chunks in order")


def _check_arrays(path: str | os.PathLike, found: PairMatches) -> None:
    lengths = np.diff(found.offsets)
    fitting = (
        found.pairs.shape == (len(found.offsets) - 1, 2)
        and found.matches.shape[1:] == (2,)
        and found.offsets[:1].tolist() == [0]
        and found.offsets[-1] == len(found.matches)
        and (lengths >= 0).all()
        and found.pairs.min(initial=0) >= 0
        and found.pairs.max(initial=-1) < len(found.names)
        and found.matches.min(initial=0) >= 0
        and len(set(found.names)) == len(found.names)
    )
    if not fitting:
        raise DataError(f"{path}: 'names', 'pairs', 'offsets' and 'matches' do not fit each other; {_REMEDY}")
    pair_of = np.repeat(np.arange(len(lengths)), lengths)
    for column in (0, 1):
        order = np.lexsort((found.matches[:, column], pair_of))
        same = np.diff(found.matches[order, column]) == 0
        if (same & (np.diff(pair_of[order]) == 0)).any():
            raise DataError(f"{path}: a feature is matched twice in a pair; {_REMEDY}")


def _check_pairs(path: str | os.PathLike, matches: PairMatches) -> None:
    ordered = np.sort(matches.pairs, axis=1)
    if (ordered[:, :1] == ordered[:, 1:]).any() or len(np.unique(ordered, axis=0)) < len(ordered):
        raise DataError(f"{path}: a pair is listed twice, or an image is paired with itself; {_REMEDY}")
