"""Exact index: every word is compared with every descriptor."""

import re

import faiss
import numpy as np

from reprise.storage.errors import DataError


class ExactIndex:
    """Index that compares all words, on a CPU or a GPU.

    Args:
        centroids: (K, D) float32, contiguous
        device: "cpu", "cuda", "cuda:N" or "auto"

    Raises:
        DataError: a device that faiss cannot use
    """

    def __init__(self, centroids: np.ndarray, device: str):
        self._index = flat_index(centroids.shape[1], device)
        self._index.add(centroids)

    def search(self, descriptors: np.ndarray, words: np.ndarray) -> None:
        """Find the nearest words of descriptors.

        Args:
            descriptors: (n, D) float32, contiguous
            words: (n, nearest) int64, which the words are written to, nearest first
        """
        self._index.search(descriptors, words.shape[1], I=words)


def flat_index(dim: int, device: str) -> faiss.Index:
    """Make an empty index of faiss for vectors of ``dim`` dimensions; DataError if ``device`` cannot be used."""
    n_gpus = faiss.get_num_gpus() if hasattr(faiss, "GpuIndexFlatL2") else 0
    if device == "cpu" or (device == "auto" and not n_gpus):
        return faiss.IndexFlatL2(dim)
    match = re.fullmatch(r"auto|cuda(?::([0-9]+))?", device)
    if match is None:
        raise DataError(f"device: {device!r} is neither cpu nor auto nor cuda nor cuda:N")
    number = int(match[1] or 0)
    if number >= n_gpus:
        raise DataError(
            f"device: {device!r} asked for, but this faiss can use {n_gpus} GPUs; use cpu, or a faiss built for GPUs"
        )
    options = faiss.GpuIndexFlatConfig()
    options.device = number
    return faiss.GpuIndexFlatL2(faiss.StandardGpuResources(), dim, options)
