"""Re-ranking of the images that a first search found, by AMES."""

from reprise.reranking.fusion import evaluate, fuse, mix, rerank, sweep
from reprise.reranking.memory import bytes_per_image
from reprise.reranking.projecting import project_tokens
from reprise.reranking.scoring import Engine, score
from reprise.reranking.shortlists import shortlists
from reprise.reranking.stages import score_pairs

__all__ = [
    "Engine",
    "bytes_per_image",
    "evaluate",
    "fuse",
    "mix",
    "project_tokens",
    "rerank",
    "score",
    "score_pairs",
    "shortlists",
    "sweep",
]
