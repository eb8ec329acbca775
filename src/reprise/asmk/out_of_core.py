"""Building an inverted file that does not fit in memory, straight to disk."""

import os
from collections.abc import Iterable, Iterator

import numpy as np
from tqdm import tqdm

from reprise.asmk import _kernels, index_files
from reprise.asmk.aggregation import Aggregated
from reprise.asmk.building import Idf, Layout, place, plan
from reprise.storage.errors import DataError


def build_on_disk(
    parts: Iterable[Aggregated],
    n_words: int,
    folder: str | os.PathLike,
    *,
    n_images: int | None,
    idf: Idf,
    memory: int,
) -> None:
    """See :meth:`InvertedFile.build_on_disk`.

    The postings are written window by window, in the order of the file; for each window the sets are read once. A
    window may begin and end within the list of a word, so that no word is too frequent.
    """
    if isinstance(parts, Iterator):
        raise DataError("parts: an iterator can be read only once; give a list, or AggregatedFiles")
    layout, part_bytes = plan(parts, n_words, idf=idf, n_images=n_images)
    offsets = layout.offsets
    norms = np.zeros(layout.n_images)
    windows = _windows(layout, part_bytes, memory)
    with index_files.create(folder, int(offsets[-1]), layout.kind) as writer:
        for first, stop in tqdm(windows, unit="window", mininterval=1.0, disable=len(windows) < 2):
            image_ids, vectors = layout.allocate(stop - first)
            place(parts, layout, offsets[:-1].copy(), image_ids, vectors, first=first)
            _kernels.sum_weights(np.clip(offsets, first, stop) - first, image_ids, layout.weights, norms)
            writer.append(image_ids, vectors)
            del image_ids, vectors  # before the next window is allocated
        writer.finish(offsets, norms, layout.weights)


def _windows(layout: Layout, part_bytes: int, memory: int) -> list[tuple[int, int]]:
    """First and last posting, not included, of windows that fit in ``memory`` beside all that has to be there."""
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
