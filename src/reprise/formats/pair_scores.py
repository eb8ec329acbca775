"""Files of pair scores: the scores of pairs of a query and a database image, such as the logits of AMES.

Layout (docs/formats.md): ``offsets`` (Q + 1) i8, ``images`` (n) i4, ``scores`` (n) f4. The images scored for query q,
ascending, are rows offsets[q] to offsets[q + 1]. Attributes: ``num_images`` (database), ``first_query`` (of a chunk).
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reprise.storage import hdf5
from reprise.storage.errors import DataError

_DATASETS = {"offsets": 1, "images": 1}


@dataclass(frozen=True)
class PairScores:
    """The scores of some pairs, query by query.

    Attributes:
        offsets: (Q + 1,) int64, the pairs of query q are rows offsets[q] to offsets[q + 1]
        images: (n,) int32, the database images, ascending for each query
        scores: (n,) float32; minus infinity for an image that there is nothing to compare of
        num_images: number of database images
    """

    offsets: np.ndarray
    images: np.ndarray
    scores: np.ndarray
    num_images: int

    def of(self, images: np.ndarray, where: str = "pair scores") -> np.ndarray:
        """Return the scores of the pairs of every query with given images.

        Args:
            images: (Q, K) indices of database images; -1, which pads lists, is none
            where: what an error begins with

        Returns:
            (Q, K) float32, minus infinity for -1

        Raises:
            DataError: another number of queries, or a pair that was not scored
        """
        if len(images) != len(self.offsets) - 1:
            raise DataError(f"{where}: are of {len(self.offsets) - 1} queries, {len(images)} were asked for")
        result = np.full(images.shape, -np.inf, np.float32)
        for query, row in enumerate(images):
            rows = slice(self.offsets[query], self.offsets[query + 1])
            present = row != -1
            wanted = row[present]
            place = np.searchsorted(self.images[rows], wanted)
            found = place < rows.stop - rows.start
            found[found] = self.images[rows][place[found]] == wanted[found]
            if not found.all():
                missing = int(np.argmin(found))
                rank = int(np.flatnonzero(present)[missing])
                raise DataError(
                    f"{where}: query {query} and image {wanted[missing]}, at rank {rank + 1} of what is re-ranked, "
                    "were not scored; lower the short list, or score as many pairs, for the same rankings and protocols"
                )
            result[query, present] = self.scores[rows][place]
        return result


def write_pair_scores(path: str | os.PathLike, scores: PairScores, attributes: Mapping[str, object]) -> None:
    """Write pair scores, atomically.

    Args:
        path: the file
        scores: the scores
        attributes: HDF5 attributes of the file, such as the recipe
    """
    with hdf5.create(path, {**attributes, "num_images": scores.num_images}) as file:
        hdf5.write_array(file, "offsets", scores.offsets.astype(np.int64))
        hdf5.write_array(file, "images", scores.images.astype(np.int32))
        hdf5.write_array(file, "scores", scores.scores.astype(np.float32))


def read_pair_scores(path: str | os.PathLike) -> PairScores:
    """Read and check a file of pair scores.

    Raises:
        DataError: no such file, another kind of file, arrays that do not fit each other, NaN or infinity
    """
    with hdf5.open_checked(path, _DATASETS, "pair scores") as file:
        if "scores" not in file or getattr(file["scores"], "ndim", None) != 1:
            raise DataError(f"{path}: has no scores; another version of reprise wrote it, delete it and run again")
        size = int(file.attrs.get("num_images", -1))
        scores = PairScores(
            hdf5.read_array(file, "offsets", "iu"),
            hdf5.read_array(file, "images", "iu"),
            hdf5.read_array(file, "scores", "f"),
            size,
        )
    lengths = np.diff(scores.offsets)
    whole = len(scores.offsets) and scores.offsets[0] == 0 and scores.offsets[-1] == len(scores.images)
    if not whole or len(scores.images) != len(scores.scores) or (lengths < 0).any() or size < 0:
        raise DataError(f"{path}: 'offsets', 'images' and 'scores' do not fit each other; delete it and run again")
    within = np.diff(scores.images) > 0
    within[scores.offsets[1:-1][np.diff(scores.offsets[1:]) > 0] - 1] = True  # where the pairs of a query begin
    if not within.all() or scores.images.min(initial=0) < 0 or scores.images.max(initial=-1) >= size:
        raise DataError(
            f"{path}: the images of a query repeat, do not ascend, or are none of the {size} images; delete it and run "
            "again"
        )
    if not (np.isfinite(scores.scores) | np.isneginf(scores.scores)).all():
        raise DataError(f"{path}: 'scores' contain NaN or infinity; delete it and run again")
    return scores


def read_chunks(chunks: Sequence[str | os.PathLike]) -> PairScores:
    """Read several files, whose queries follow each other, as one.

    Raises:
        DataError: no chunks, chunks of different recipes, or one that is missing or out of its place
    """
    if not chunks:
        raise DataError("pair scores: there are no chunks to read")
    parts, recipes, next_query = [], [], 0
    for chunk in map(Path, chunks):
        parts.append(read_pair_scores(chunk))
        with hdf5.open_checked(chunk, _DATASETS, "pair scores") as file:
            recipes.append((str(file.attrs.get("recipe")), parts[-1].num_images))
            first = int(file.attrs.get("first_query", 0))
        if recipes[-1] != recipes[0]:
            raise DataError(
                f"{chunk}: was scored with another recipe than {chunks[0]}; delete the older chunk and run again"
            )
        if first != next_query:
            raise DataError(f"{chunk}: begins with query {first}, expected {next_query}; give all chunks in order")
        next_query += len(parts[-1].offsets) - 1
    lengths = np.concatenate([np.diff(part.offsets) for part in parts])
    return PairScores(
        np.concatenate([[0], np.cumsum(lengths)]),
        np.concatenate([part.images for part in parts]),
        np.concatenate([part.scores for part in parts]),
        recipes[0][1],
    )
