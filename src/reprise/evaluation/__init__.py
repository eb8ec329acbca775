"""Metrics of the benchmarks as pure functions on arrays; needs nothing but NumPy."""

from reprise.evaluation.landmarks import evaluate_landmarks
from reprise.evaluation.retrieval import RetrievalScores, evaluate_classic, evaluate_revisited

__all__ = ["RetrievalScores", "evaluate_classic", "evaluate_landmarks", "evaluate_revisited"]
