"""Patch verification on HPatches: whether two patches show the same point."""

from dataclasses import dataclass

import numpy as np

from reprise.evaluation.hpatches_descriptors import HPatchesDescriptors, check_patches, count_patches, read_noise
from reprise.evaluation.hpatches_tasks import IMAGES, NOISES, HPatchesTasks
from reprise.evaluation.precision_recall import negatives_before, trapezoid_precision

#: Where the other patch of a negative pair is from.
NEGATIVES = ("intra", "inter")
_IMBALANCED = 0.2  # share of the positives
_ROWS = 1 << 14


@dataclass(frozen=True)
class HPatchesVerification:
    """Scores of one split, as fractions of one.

    Attributes:
        auc: (noise, negatives) -> area under the ROC curve of all pairs; noise e, h, t; negatives intra (of the same
            sequence), inter
        average_precision: (noise, negatives) -> area under the precision-recall curve of all negatives and the first
            fifth of the positives
        pairs: positive pairs
    """

    auc: dict[tuple[str, str], float]
    average_precision: dict[tuple[str, str], float]
    pairs: int

    @property
    def mean(self) -> float:
        """The mean of all average precisions, which is published as the result of the task."""
        return float(np.mean(list(self.average_precision.values())))


def hpatches_verification(descriptors: HPatchesDescriptors, tasks: HPatchesTasks) -> HPatchesVerification:
    """Score the verification of pairs by the Euclidean distance of their descriptors (section 5.1 of the paper).

    Where distances are equal, negatives come first, as in the published evaluation.

    Args:
        descriptors: ``sequence -> type -> (n, D)`` or ``"sequence/type" -> (n, D)``
        tasks: of a split

    Raises:
        ValueError: descriptors that are missing, of unequal numbers or not finite, or patches that do not exist
    """
    counts = count_patches(descriptors, tasks.sequences)
    pairs = [tasks.positives, tasks.same_sequence, tasks.different_sequence]
    rows = [_rows(each, counts) for each in pairs]
    fifth = round(_IMBALANCED * len(tasks.positives))
    auc, precision = {}, {}
    for noise in NOISES:
        flat = read_noise(descriptors, tasks.sequences, noise)
        flat = flat.reshape(-1, flat.shape[-1])
        positives, *negatives = (_distances(flat, each) for each in rows)
        for kind, distances in zip(NEGATIVES, negatives, strict=True):
            distances.sort()
            before = negatives_before(positives, distances)
            auc[noise, kind] = float(1 - before.mean() / len(distances))
            before = negatives_before(positives[:fifth], distances)
            precision[noise, kind] = float(trapezoid_precision(before + np.arange(len(before))))
    return HPatchesVerification(auc, precision, len(tasks.positives))


def _rows(pairs: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The rows of pairs (M, 6) in the descriptors of a noise level, (M, 2)."""
    starts = np.cumsum(counts) - counts
    found = np.empty((len(pairs), 2), np.int64)
    for side in (0, 1):
        sequence, image, index = pairs[:, 3 * side : 3 * side + 3].T
        check_patches(np.stack([sequence, index], axis=1), counts, "tasks")
        if len(image) and not 0 <= image.min() <= image.max() <= IMAGES:
            raise ValueError(f"tasks: images are numbered from {image.min()} to {image.max()}, expected 0 to {IMAGES}")
        found[:, side] = image.astype(np.int64) * counts.sum() + starts[sequence] + index
    return found


def _distances(flat: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Euclidean distances of pairs of rows, (M,) float64."""
    order = np.argsort(rows[:, 0])  # neighbours in memory follow each other
    found = np.empty(len(rows))
    for start in range(0, len(order), _ROWS):
        part = order[start : start + _ROWS]
        first, second = rows[part].T
        difference = flat[first].astype(np.float64)
        difference -= flat[second]
        found[part] = np.sqrt(np.einsum("ij,ij->i", difference, difference))
    return found
