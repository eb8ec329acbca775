"""Metrics of the benchmarks as pure functions on arrays; needs nothing but NumPy."""

from reprise.evaluation.landmarks import evaluate_landmarks
from reprise.evaluation.oxford import evaluate_oxford
from reprise.evaluation.retrieval import RetrievalScores, evaluate_classic, evaluate_revisited
from reprise.evaluation.scores import Evaluation, Score

__all__ = [
    "Evaluation",
    "RetrievalScores",
    "Score",
    "evaluate_classic",
    "evaluate_landmarks",
    "evaluate_oxford",
    "evaluate_revisited",
]
