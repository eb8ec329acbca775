"""FPR95: the false positive rate on pairs of patches, at 95% recall (Brown, Hua and Winder, TPAMI 2011)."""

import numpy as np

RECALL = 0.95


def fpr95(labels: np.ndarray, distances: np.ndarray) -> float:
    """Compute the share of the pairs of different points that is closer than 95% of the pairs of the same point.

    As in the published evaluations of TFeat, L2-Net and HardNet, the pair by which the recall is reached is not counted
    itself. Equal distances keep the order of the arguments.

    Args:
        labels: (N,) 1 or True where a pair shows the same point, else 0
        distances: (N,) floats, of any scale; small for a pair that is thought to match

    Returns:
        in [0, 1]

    Raises:
        ValueError: shapes that differ, other labels, no pair of one of the two kinds, or distances that are not finite
    """
    labels, distances = np.asarray(labels), np.asarray(distances)
    if labels.ndim != 1 or labels.shape != distances.shape:
        raise ValueError(f"labels: {labels.shape} for distances {distances.shape}; give one of each for every pair")
    if distances.dtype.kind not in "fiu" or not np.isfinite(distances).all():
        raise ValueError("distances: are not all finite numbers; describe the patches again")
    matching = labels == 1
    if not (matching | (labels == 0)).all():
        raise ValueError("labels: are neither 0 nor 1; 1 stands for a pair of the same point")
    positives, negatives = int(matching.sum()), int((~matching).sum())
    if not positives or not negatives:
        raise ValueError(f"labels: {positives} matching pairs and {negatives} others; both kinds are needed")
    ordered = matching[np.argsort(distances, kind="stable")]
    found = np.cumsum(ordered)
    reached = int(np.argmax(found >= RECALL * positives))
    return float((reached - found[reached] + 1) / negatives)
