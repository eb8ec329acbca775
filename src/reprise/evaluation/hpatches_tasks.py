"""Tasks of the HPatches patch benchmark (Balntas, Lenc, Vedaldi and Mikolajczyk, CVPR 2017): patches to compare.

The published pairs of patches follow from the numbers of patches and from random numbers that NumPy keeps the same, and
are drawn anew here: files of a million lines need not be fetched and parsed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

#: Noise of the frames that patches were cut by: easy, hard, tough. Images 1 to 5 of a level are named e1 ... t5.
NOISES = ("e", "h", "t")
IMAGES = 5
PAIRS = 1_000_000
QUERIES, DISTRACTORS = 10_000, 20_000
_SEED = 42


@dataclass(frozen=True)
class HPatchesTasks:
    """The tasks of one split.

    Patches are named by numbers: their sequence (an index in ``sequences``), their image (0 for ``ref``, k for ek, hk
    and tk) and their index in it.

    Attributes:
        sequences: the test sequences, in the order of the split
        positives: (M, 6) integers: sequence, image and index of one patch, then of another of the same point
        same_sequence: (M, 6), the first patch of each positive pair with one of another point of its sequence
        different_sequence: (M, 6), the same with a patch of any test sequence
        queries: (Q, 2) sequence and index, in ``ref``
        distractors: (K, 2) the same
    """

    sequences: tuple[str, ...]
    positives: np.ndarray
    same_sequence: np.ndarray
    different_sequence: np.ndarray
    queries: np.ndarray
    distractors: np.ndarray


def verification_pairs(counts: Sequence[int], number: int = PAIRS) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw the pairs of the verification task as the published lists were drawn; takes half a minute for a million.

    They never use image 5, whose number was left out by mistake.

    Args:
        counts: patches of an image, for each test sequence in the order of the split
        number: of pairs of each kind, M

    Returns:
        ``positives``, ``same_sequence`` and ``different_sequence`` of :class:`HPatchesTasks`, as (M, 6) int32

    Raises:
        ValueError: no sequence, or one with fewer than two patches
    """
    if not len(counts) or min(counts) < 2:
        raise ValueError(f"counts: {list(counts)[:5]}...; every sequence needs two patches or more")
    random = np.random.RandomState(_SEED)
    sizes = np.asarray(counts)
    sequences = random.choice(len(sizes), number)
    patches = two_of_each(random, sizes[sequences])
    images = two_of_each(random, np.full(number, IMAGES))
    others = random.choice(len(sizes), number)
    foreign = random.randint(0, sizes[others])  # one after the other, as single calls would draw them
    first = [sequences, images[:, 0], patches[:, 0]]
    second = (
        [sequences, images[:, 1], patches[:, 0]],
        [sequences, images[:, 1], patches[:, 1]],
        [others, images[:, 1], foreign],
    )
    positives, same, different = (np.stack([*first, *other], axis=1).astype(np.int32) for other in second)
    return positives, same, different


def two_of_each(random: np.random.RandomState, sizes: np.ndarray) -> np.ndarray:
    """Draw two different numbers below each size, (M, 2), as ``random.choice(size, 2, replace=False)`` does."""
    # Which is the beginning of a permutation, and calling that is faster.
    drawn = np.empty((len(sizes), 2), np.int64)
    for row, size in enumerate(sizes.tolist()):
        drawn[row] = random.permutation(size)[:2]
    return drawn


def retrieval_patches(
    counts: Sequence[int], textured: Sequence[np.ndarray], queries: int = QUERIES, distractors: int = DISTRACTORS
) -> tuple[np.ndarray, np.ndarray]:
    """Draw queries and distractors, for sets without published lists.

    Args:
        counts: patches of an image, for each test sequence
        textured: for each test sequence (n,) bool: patches of ``ref`` with a standard deviation above 10 grey levels
        queries: how many at most
        distractors: how many at most

    Returns:
        ``queries`` and ``distractors`` of :class:`HPatchesTasks`, int32; no patch is drawn twice
    """
    random = np.random.RandomState(_SEED)
    sizes = np.asarray(counts)
    kept = np.concatenate(textured)
    starts = np.cumsum(sizes) - sizes

    def draw(number: int) -> np.ndarray:
        sequences = random.choice(len(sizes), number)
        patches = starts[sequences] + random.randint(0, sizes[sequences])
        _, first = np.unique(patches, return_index=True)
        patches = patches[np.sort(first)]
        return patches[kept[patches]]

    asked = draw(4 * queries)[:queries]
    others = draw(10 * distractors)
    others = others[~np.isin(others, asked)][:distractors]
    return _pairs_of(asked, starts), _pairs_of(others, starts)


def _pairs_of(patches: np.ndarray, starts: np.ndarray) -> np.ndarray:
    sequences = np.searchsorted(starts, patches, side="right") - 1
    return np.stack([sequences, patches - starts[sequences]], axis=1).astype(np.int32)
