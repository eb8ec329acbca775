"""Curves of precision over recall have the average precisions as their areas."""

import numpy as np
import pytest

from reprise.evaluation import evaluate_classic, evaluate_oxford, evaluate_revisited, precision_by_recall
from reprise.evaluation.recall_curves import KINDS


def random_case(kind, *, images=60, queries=30, cut=None, seed=0):
    """Rankings and ground truth in which lists may overlap, be empty, and go beyond the rankings."""
    random = np.random.default_rng(seed)
    ranks = np.stack([random.permutation(images)[:cut] for _ in range(queries)])
    keys = {"revisited": ("easy", "hard", "junk"), "classic": ("ok", "junk"), "oxford": ("good", "ok", "junk")}[kind]
    truth = [{key: random.choice(images, random.integers(0, 12), replace=False) for key in keys} for _ in ranks]
    return ranks, truth


@pytest.mark.parametrize("cut", [None, 20])
@pytest.mark.parametrize("bins", [7, 50])
@pytest.mark.parametrize("kind", KINDS)
def test_the_mean_of_a_curve_is_the_average_precision(kind, bins, cut):
    ranks, truth = random_case(kind, cut=cut)
    if kind == "oxford":
        expected = {"classic": evaluate_oxford(ranks, truth)}
    elif kind == "classic":
        expected = {"classic": evaluate_classic(ranks, truth).average_precisions}
    else:
        expected = {name: found.average_precisions for name, found in evaluate_revisited(ranks, truth).items()}
    for group, precisions in expected.items():
        curves = precision_by_recall(ranks, truth, kind, group, bins=bins)
        assert np.isfinite(precisions).sum() > 20
        np.testing.assert_allclose(curves.mean(axis=1), precisions, atol=1e-12)


def test_a_curve_by_hand():
    # Two of four positives, at the ranks 0 and 2: straight at 1, then from 1/2 to 2/3, then nothing.
    curve = precision_by_recall(np.array([[5, 9, 6]]), [{"ok": [5, 6, 7, 8]}], "classic", "classic", bins=4)
    np.testing.assert_allclose(curve, [[1, (1 / 2 + 2 / 3) / 2, 0, 0]])


def test_the_areas_are_the_published_average_precisions(golden):
    archive = golden("evaluation_revisited")
    truth = [{key: archive[f"0/gnd/{query}/{key}"] for key in ("easy", "hard", "junk")} for query in range(6)]
    for group in ("easy", "medium", "hard"):
        curves = precision_by_recall(archive["0/ranks"], truth, "revisited", group)
        np.testing.assert_allclose(curves.mean(axis=1), archive[f"0/{group}/aps"], atol=1e-9)


def test_unknown_kinds_are_refused():
    with pytest.raises(ValueError, match="no curves of 'landmarks'"):
        precision_by_recall(np.array([[0]]), [{"ok": [0]}], "landmarks", "combined")
