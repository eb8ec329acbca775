"""The result of a search."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Rankings:
    """The images of the index ranked for each query, best first; equal scores in the order of their ids.

    query_ids  (Q,) int64
    ranks      (Q, N or topk) int32, image ids
    scores     the same shape, float64, descending; nan, where a score is not defined, stands at the end of a row
    """

    query_ids: np.ndarray
    ranks: np.ndarray
    scores: np.ndarray
