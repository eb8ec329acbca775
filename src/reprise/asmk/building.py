"""Building of inverted files, in memory or on disk: postings are counted first, and then written to their places."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from tqdm import tqdm

from reprise.asmk import _kernels, index_files
from reprise.asmk.postings import Aggregated, as_bytes, check_words, columns
from reprise.storage.arguments import count, quoted
from reprise.storage.errors import DataError

#: How words are weighed: not at all; by frequencies in the whole database; set after set, as in the published code.
Idf = Literal["published"] | bool

#: Ids of images in rankings are int32; words are 32 bits of a key.
MOST_IMAGES = 2**31 - 1


@dataclass(frozen=True)
class Layout:
    """The sizes of an inverted file, known once its postings are counted.

    Attributes:
        counts: (n_words,) int64, postings of each word
        n_images: number of images
        kind: width and dtype of the vectors
        weights: (n_words,) float32 weights of the words, None for weights of one
    """

    counts: np.ndarray
    n_images: int
    kind: tuple[int, np.dtype]
    weights: np.ndarray | None

    @property
    def offsets(self) -> np.ndarray:
        """The first posting of each word, and the number of all postings at the end: (n_words + 1,) int64."""
        return np.concatenate([np.zeros(1, np.int64), np.cumsum(self.counts)])

    def allocate(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Allocate image ids (n,) and vectors (n, width) of ``n`` postings."""
        width, dtype = self.kind
        return np.empty(n, np.uint32), np.empty((n, width), dtype)


def as_parts(aggregated: Aggregated | Iterable[Aggregated]) -> Iterable[Aggregated]:
    """Return sets of postings that can be iterated over more than once; an iterator is read into memory."""
    if isinstance(aggregated, Aggregated):
        return [aggregated]
    return list(aggregated) if isinstance(aggregated, Iterator) else aggregated


def checked_idf(idf: Idf) -> Idf:
    """Return ``idf`` as one of the values of :data:`Idf`; DataError for any other."""
    if isinstance(idf, bool | np.bool_):
        return bool(idf)
    if isinstance(idf, str) and idf == "published":
        return "published"
    raise DataError(f"idf: {quoted(idf)} is none of False, True and 'published'")


def plan(
    parts: Iterable[Aggregated], n_words: int, *, idf: Idf, n_images: int | None, base: Layout | None = None
) -> tuple[Layout, int]:
    """Count the postings of ``parts``, which follow those of ``base``.

    Args:
        parts: the sets of postings, in the order of their images
        n_words: number of visual words
        idf: how words are weighed, see :meth:`InvertedFile.build`
        n_images: number of images, where the last ones have no descriptors; None for those with descriptors
        base: an inverted file that the postings are added to, or None

    Returns:
        the layout, and the memory in bytes that one of the parts takes

    Raises:
        DataError: everything that :meth:`InvertedFile.build` refuses
    """
    idf, n_words = checked_idf(idf), count("n_words", n_words, maximum=MOST_IMAGES)
    counts = base.counts.copy() if base else np.zeros(n_words, np.int64)
    weights = base.weights.copy() if base and base.weights is not None else np.ones(n_words, np.float32)
    found, kind, part_bytes = base.n_images if base else 0, base.kind if base else None, 0
    for part in parts:
        if not isinstance(part, Aggregated):
            raise DataError(f"aggregated: {type(part).__name__} given, expected Aggregated or several of them")
        words, image_ids = columns(part)
        # The columns twice: one set may still be in memory while the next one is read.
        size = part.vectors.nbytes + part.words.nbytes + part.image_ids.nbytes
        part_bytes = max(part_bytes, 2 * size + words.nbytes + image_ids.nbytes)
        if kind not in (None, (part.vectors.shape[1], part.vectors.dtype)):
            raise DataError("aggregated: vectors of different kinds or sizes; aggregate them with one codebook")
        kind = (part.vectors.shape[1], part.vectors.dtype)
        if len(words):
            _check_order(words, image_ids, found)
            check_words(words, n_words)
            counts += np.bincount(words, minlength=n_words)
            found = int(image_ids[-1]) + 1
            if idf == "published":
                touched = np.unique(words)
                weights[touched] = squared_idf(counts[touched], found)
    if kind is None:
        raise DataError("aggregated: there is nothing to index")
    n_images = number_of_images(found, n_images)
    if idf is True:
        weights = squared_idf(counts, n_images)
    return Layout(counts, n_images, kind, weights if idf else None), part_bytes


def place(
    parts: Iterable[Aggregated],
    layout: Layout,
    ends: np.ndarray,
    image_ids: np.ndarray,
    vectors: np.ndarray,
    *,
    first: int = 0,
) -> None:
    """Write the postings of ``parts`` into the lists of their words, within a window of the inverted file.

    Args:
        parts: the sets that were counted
        layout: the result of counting them
        ends: (n_words,) int64, where the first posting of each word is written; advanced in place
        image_ids: (n,) uint32, postings ``first`` to ``first`` + n of the inverted file, written to
        vectors: (n, width), the vectors of the same postings, written to
        first: the first posting of the window

    Raises:
        DataError: the sets are not those that were counted
    """
    changed = "aggregated: the sets changed while they were indexed; build again"
    for part in parts:
        if not _kernels.add_postings(*columns(part), as_bytes(part.vectors), ends, first, image_ids, as_bytes(vectors)):
            raise DataError(changed)
    if not np.array_equal(ends, layout.offsets[1:]):
        raise DataError(changed)


def build_on_disk(
    parts: Iterable[Aggregated],
    n_words: int,
    folder: str | os.PathLike,
    *,
    n_images: int | None,
    idf: Idf,
    memory: int,
) -> None:
    """Build an inverted file on disk; arguments and errors as for :meth:`InvertedFile.build_on_disk`.

    The postings are written window by window, in the order of the file; for each window the sets are read once. A
    window may begin and end within the list of a word, so that no word is too frequent.
    """
    if isinstance(parts, Iterator):
        raise DataError("parts: an iterator can be read only once; give a list, or AggregatedFiles")
    memory = count("memory", memory, minimum=0)
    layout, part_bytes = plan(parts, n_words, idf=idf, n_images=n_images)
    offsets = layout.offsets
    norms = np.zeros(layout.n_images)
    windows = _windows(layout, part_bytes, memory)
    with index_files.create(folder, int(offsets[-1]), layout.kind) as writer:
        for first, stop in tqdm(windows, unit="window", mininterval=1.0, disable=len(windows) < 2):
            image_ids, vectors = layout.allocate(stop - first)
            place(parts, layout, offsets[:-1].copy(), image_ids, vectors, first=first)
            add_norms(norms, np.clip(offsets, first, stop) - first, image_ids, layout.weights)
            writer.append(image_ids, vectors)
            del image_ids, vectors  # before the next window is allocated
        writer.finish(offsets, norms, layout.weights)


def add_norms(norms: np.ndarray, offsets: np.ndarray, image_ids: np.ndarray, weights: np.ndarray | None) -> None:
    """Add to the norm of each image the weights of its words.

    Args:
        norms: (n_images,) float64, added to in place
        offsets: (n_words + 1,) int64, the lists of the words
        image_ids: (n,) uint32, the images in the lists
        weights: (n_words,) float32, None for weights of one

    Raises:
        DataError: a list names an image that does not exist
    """
    bad = _kernels.sum_weights(offsets, image_ids, weights, norms)
    if bad >= 0:
        raise DataError(
            f"inverted file: posting {bad} names image {image_ids[bad]} of {len(norms)} images; build the index again"
        )


def squared_idf(counts: np.ndarray, n_images: int) -> np.ndarray:
    """Compute the squared inverse document frequency of each word, ln(n_images / images with the word)^2.

    Args:
        counts: (K,) integers, number of images with each word
        n_images: number of images

    Returns:
        (K,) float32, 1 for words of no image
    """
    squared = np.log(max(n_images, 1) / np.maximum(counts, 1)) ** 2
    return np.where(counts > 0, squared, 1).astype(np.float32)


def _check_order(words: np.ndarray, image_ids: np.ndarray, n_images: int) -> None:
    disorder = _kernels.first_disorder(words, image_ids)
    if disorder >= 0:
        raise DataError(
            f"aggregated: posting {disorder} (image {image_ids[disorder]}, word {words[disorder]}) does not come "
            "after the one before it; images have to ascend, and words within an image"
        )
    if image_ids[0] < n_images:
        raise DataError(
            f"aggregated: a set starts with image {image_ids[0]}, expected at least {n_images}; "
            "sets have to follow each other and must not overlap"
        )


def number_of_images(found: int, given: int | None) -> int:
    """Return the number of images of an inverted file.

    Args:
        found: so many there are already, the last one with descriptors included
        given: so many there are to be; None for ``found``

    Raises:
        DataError: fewer than ``found``, or more than fit
    """
    wanted = found if given is None else count("n_images", given, minimum=0)
    if wanted < found:
        raise DataError(f"n_images: {wanted} given, but there are {found} images already, the last one included")
    if wanted > MOST_IMAGES:
        raise DataError(f"n_images: {wanted} are too many for one inverted file; at most {MOST_IMAGES} fit")
    return wanted


def _windows(layout: Layout, part_bytes: int, memory: int) -> list[tuple[int, int]]:
    """List windows of postings, first and after the last, that fit in ``memory`` beside all arrays that are needed."""
    width, dtype = layout.kind
    row_bytes = width * dtype.itemsize + 4
    n_postings = int(layout.counts.sum())
    needed = part_bytes + 8 * layout.n_images + 48 * len(layout.counts)
    size = min((memory - needed) // row_bytes, n_postings)
    if n_postings and size < 1:
        raise DataError(
            f"memory: {memory} bytes given, but one set of postings and the tables of words and images take {needed}; "
            "give more memory, or make the sets smaller"
        )
    return [(first, min(first + size, n_postings)) for first in range(0, n_postings, size or 1)]
