"""Which patches of PhotoTour are trained on in an epoch, and which of them are turned: the published random numbers."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from reprise.storage.errors import DataError
from reprise.training.hardnet import _kernels

_WORDS = 1 << 20


class TripletSampler:
    """Draws triplets of patches: two of one point, and one of another.

    Every point occurs once in a batch. What is drawn follows from the seed and from all that was drawn before, as in
    the published code, whose random numbers these are.

    Args:
        labels: (N,) 3-D points from 0 on
        batch: triplets of a batch
        seed: of the random numbers

    Raises:
        DataError: labels that are not 0 .. C-1, a point with one patch, or fewer points than a batch needs
    """

    def __init__(self, labels: np.ndarray, batch: int, seed: int) -> None:
        counts = np.bincount(labels) if len(labels) and labels.min() >= 0 else np.zeros(1, np.int64)
        if counts.min() < 2:
            point = int(counts.argmin())
            raise DataError(
                f"labels: point {point} has {counts[point]} patches, and a positive pair needs two; number the points "
                "0, 1, 2 ... and leave out those with a single patch"
            )
        if len(counts) < batch:
            raise DataError(
                f"labels: {len(counts)} points, and a batch needs {batch} different ones; lower batch_pairs"
            )
        self._members = np.argsort(labels, kind="stable").astype(np.int64)
        self._starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        self._batch = batch
        self._random = np.random.RandomState(seed)

    def draw(self, count: int) -> np.ndarray:
        """Draw the triplets of the next epoch.

        Args:
            count: how many

        Returns:
            (count, 3) int32: anchor, positive, and a patch of another point
        """
        triplets, used = np.empty((count, 3), np.int32), np.zeros(len(self._starts) - 1, np.int64)
        before, left, done, total = self._random.get_state(), np.empty(0, np.uint32), 0, 0
        while done < count:
            words = np.concatenate([left, _words(self._random, _WORDS)])
            done, taken = _kernels.draw_triplets(words, self._starts, self._members, self._batch, used, triplets, done)
            left, total = words[taken:], total + taken
        self._random.set_state(before)
        for start in range(0, total, _WORDS):
            _words(self._random, min(_WORDS, total - start))
        return triplets

    def state(self) -> dict[str, Any]:
        """Return the state of the random numbers."""
        return random_state(self._random)

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over what :meth:`state` gave."""
        set_random_state(self._random, state)


class Flips:
    """Decides which pairs are turned; each of the four ways has the same chance.

    Args:
        seed: of the random numbers, which are those of Python's module ``random``, as published
    """

    def __init__(self, seed: int) -> None:
        self._random = np.random.RandomState([seed])  # seeded as random.seed does

    def draw(self, count: int) -> np.ndarray:
        """Draw for each of ``count`` pairs whether it is mirrored, and whether it is transposed before, (count, 2)."""
        return self._random.random_sample((count, 2)) > 0.5

    def state(self) -> dict[str, Any]:
        """Return the state of the random numbers."""
        return random_state(self._random)

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over what :meth:`state` gave."""
        set_random_state(self._random, state)


def turned(patches: torch.Tensor, flips: torch.Tensor) -> torch.Tensor:
    """Transpose and mirror patches: together a turn by 90 degrees.

    Args:
        patches: (n, 1, P, P)
        flips: (n, 2) bool: mirror, and transpose before

    Returns:
        (n, 1, P, P)
    """
    mirror, transpose = (flips[:, column, None, None, None] for column in (0, 1))
    patches = torch.where(transpose, patches.transpose(2, 3), patches)
    return torch.where(mirror, patches.flip(3), patches)


def random_state(random: np.random.RandomState) -> dict[str, Any]:
    """Return the state of random numbers as a tensor and a number."""
    _, keys, position, *_ = random.get_state()
    return {"keys": torch.from_numpy(np.asarray(keys, np.int64)), "position": int(position)}


def set_random_state(random: np.random.RandomState, state: Mapping[str, Any]) -> None:
    """Take over what :func:`random_state` gave."""
    random.set_state(("MT19937", state["keys"].numpy().astype(np.uint32), int(state["position"]), 0, 0.0))


def _words(random: np.random.RandomState, count: int) -> np.ndarray:
    return random.randint(0, 1 << 32, count, dtype=np.uint32)
