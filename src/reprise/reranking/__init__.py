"""Steps after a search: re-ranking the first images of a ranking, one scorer of pairs per module."""

from reprise.reranking.fusion import evaluate, fuse, mix, reorder, sweep
from reprise.reranking.scorers import load_scorer, scorer_names
from reprise.reranking.shortlists import shortlists
from reprise.reranking.steps import rerank, score_pairs

__all__ = [
    "evaluate",
    "fuse",
    "load_scorer",
    "mix",
    "reorder",
    "rerank",
    "score_pairs",
    "scorer_names",
    "shortlists",
    "sweep",
]
