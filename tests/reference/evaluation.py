"""Average precision and precision at k of the Oxford and Paris benchmarks, written down plainly."""

import numpy as np


def evaluate_query(ranking, positives, junk, kappas):
    """Average precision and precisions of one query; nan without positives."""
    positives, junk = set(map(int, positives)), set(map(int, junk))
    if not positives:
        return np.nan, [np.nan] * len(kappas)
    ranks, skipped = [], 0
    for place, image in enumerate(map(int, ranking)):
        if image in positives:
            ranks.append(place - skipped)
        if image in junk:
            skipped += 1
    average_precision = 0.0
    for found, rank in enumerate(ranks):
        before = 1.0 if rank == 0 else found / rank
        after = (found + 1) / (rank + 1)
        average_precision += (before + after) / 2 / len(positives)
    precisions = []
    for kappa in kappas:
        if not ranks:
            precisions.append(0.0)
            continue
        depth = min(kappa, ranks[-1] + 1)
        precisions.append(sum(rank + 1 <= depth for rank in ranks) / depth)
    return average_precision, precisions


def evaluate(rankings, positives, junk, kappas):
    """Mean and single average precisions, and mean precisions, over the queries that have positives."""
    rows = [evaluate_query(*row, kappas) for row in zip(rankings, positives, junk, strict=True)]
    valid = [row for row in rows if not np.isnan(row[0])]
    if not valid:
        return np.nan, [row[0] for row in rows], [np.nan] * len(kappas)
    means = [sum(row[1][k] for row in valid) / len(valid) for k in range(len(kappas))]
    return sum(row[0] for row in valid) / len(valid), [row[0] for row in rows], means
