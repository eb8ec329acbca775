"""Metrics of the benchmarks as pure functions on arrays; needs nothing but NumPy."""

from reprise.evaluation.hpatches_matching import HPatchesMatching, hpatches_matching
from reprise.evaluation.hpatches_retrieval import HPatchesRetrieval, hpatches_retrieval
from reprise.evaluation.hpatches_tasks import HPatchesTasks
from reprise.evaluation.hpatches_verification import HPatchesVerification, hpatches_verification
from reprise.evaluation.image_matching import (
    corner_error,
    homography_accuracy,
    matching_score,
    mean_matching_accuracy,
    means_of_changes,
    transfer_errors,
)
from reprise.evaluation.landmarks import evaluate_landmarks
from reprise.evaluation.oxford import evaluate_oxford
from reprise.evaluation.patch_pairs import fpr95
from reprise.evaluation.recall import first_of_groups, positives_within, recall_at
from reprise.evaluation.recall_curves import precision_by_recall
from reprise.evaluation.retrieval import RetrievalScores, evaluate_classic, evaluate_revisited
from reprise.evaluation.scores import Evaluation, Score

__all__ = [
    "Evaluation",
    "HPatchesMatching",
    "HPatchesRetrieval",
    "HPatchesTasks",
    "HPatchesVerification",
    "RetrievalScores",
    "Score",
    "corner_error",
    "evaluate_classic",
    "evaluate_landmarks",
    "evaluate_oxford",
    "evaluate_revisited",
    "first_of_groups",
    "fpr95",
    "homography_accuracy",
    "hpatches_matching",
    "hpatches_retrieval",
    "hpatches_verification",
    "matching_score",
    "mean_matching_accuracy",
    "means_of_changes",
    "positives_within",
    "precision_by_recall",
    "recall_at",
    "transfer_errors",
]
