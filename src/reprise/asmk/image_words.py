"""The visual words of single images of an inverted file, and of their features."""

from collections.abc import Iterable
from typing import Protocol

import numpy as np

from reprise.asmk.postings import as_integers
from reprise.codebooks.codebook import Codebook


class Lists(Protocol):
    """An inverted file: a list of images for each word, one after the other."""

    @property
    def offsets(self) -> np.ndarray:
        """(K + 1,) int64: the list of word w is offsets[w] to offsets[w + 1]."""
        ...

    @property
    def image_ids(self) -> np.ndarray:
        """(P,) integers, ascending in each list."""
        ...


def words_of_images(index: Lists, image_ids: Iterable[int] | np.ndarray) -> dict[int, np.ndarray]:
    """Find the visual words of some images, in one pass over the inverted file.

    Args:
        index: the inverted file, of any engine
        image_ids: the images

    Returns:
        image -> its words, ascending int64

    Raises:
        DataError: image_ids are no integers
    """
    wanted = np.unique(as_integers(np.asarray(image_ids), "image_ids", (None,)))
    places = np.flatnonzero(np.isin(index.image_ids, wanted))
    owners = np.asarray(index.image_ids[places], np.int64)
    words = np.searchsorted(index.offsets, places, side="right") - 1
    order = np.argsort(owners, kind="stable")
    starts = np.searchsorted(owners[order], wanted)
    lists = np.split(words[order], starts[1:]) if len(wanted) else []
    return {image: np.unique(found) for image, found in zip(wanted.tolist(), lists, strict=True)}


def assigned_within(codebook: Codebook, descriptors: np.ndarray, words: np.ndarray, nearest: int = 1) -> np.ndarray:
    """Assign descriptors to the nearest of some words.

    An image of an index has all words that its descriptors are nearest to, so that assigning them among those alone
    gives what the index was built with, much faster than among all words of the codebook.

    Args:
        codebook: the words
        descriptors: (n, D) float32
        words: (W,) integers, of :func:`words_of_images`
        nearest: number of words of each descriptor

    Returns:
        (n, min(nearest, W)) int64, nearest first
    """
    if not len(words) or not len(descriptors):
        return np.zeros((len(descriptors), 0), np.int64)
    own = Codebook(codebook.centroids[words], mean=codebook.mean)
    return np.asarray(words, np.int64)[own.assign(descriptors, min(nearest, own.size), threads=1)]


def links(words: np.ndarray, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the features that are assigned to some words.

    Args:
        words: (n, assignments) int64, the words of features
        chosen: (W,) int64, each word once

    Returns:
        rows of features, and the places in ``chosen`` of the words that they are assigned to, both (L,) int64
    """
    order = np.argsort(chosen)
    flat = words.ravel()
    place = np.searchsorted(chosen[order], flat)
    linked = np.flatnonzero(np.isin(flat, chosen))
    return linked // max(words.shape[1], 1), order[place[linked]]


def postings_of(index: Lists, words: np.ndarray, image: int) -> tuple[np.ndarray, np.ndarray]:
    """Find which of some words an image has, and where in the lists: a binary search in all lists at once.

    Args:
        index: lists in which an image is at most once
        words: (n,) int64
        image: the image

    Returns:
        rows of ``words``, and the places of their postings
    """
    low, end = index.offsets[words].astype(np.int64), index.offsets[words + 1].astype(np.int64)
    high = end.copy()
    while (open_ := low < high).any():
        middle = (low + high) // 2
        below = np.zeros(len(words), bool)
        below[open_] = index.image_ids[middle[open_]] < image
        low = np.where(open_ & below, middle + 1, low)
        high = np.where(open_ & ~below, middle, high)
    rows = np.flatnonzero(low < end)
    rows = rows[index.image_ids[low[rows]] == image]
    return rows, low[rows]
