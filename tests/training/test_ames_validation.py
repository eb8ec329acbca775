"""Scores of a network in training on a validation set."""

import numpy as np
import pytest
import torch
from ames_training_data import DIM, neighbors_of, training_labels, write_features

from reprise.evaluation.landmarks import evaluate_landmarks
from reprise.evaluation.retrieval import evaluate_revisited
from reprise.formats.features import open_features
from reprise.formats.rankings import RankedList
from reprise.networks.ames import AMES
from reprise.storage.errors import DataError
from reprise.training.ames.settings import AmesValidationSettings
from reprise.training.ames.validation import AmesValidation

DATABASE = training_labels(5, 6)
QUERIES = np.arange(5)
LANDMARKS = [{"ok": np.flatnonzero(label == DATABASE)} for label in QUERIES]
REVISITED = [{"easy": ok["ok"][:2], "hard": ok["ok"][2:5], "junk": ok["ok"][5:]} for ok in LANDMARKS]
SETTINGS = AmesValidationSettings(candidates=(8, 20), query_descriptors=10, database_descriptors=7)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("validation")
    return {
        "neighbors": neighbors_of(DATABASE, QUERIES),
        "queries": write_features(folder / "queries.h5", QUERIES, seed=1),
        "database": write_features(folder / "database.h5", DATABASE, seed=2),
    }


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    network = AMES(DIM)
    # Random logits of some size, so that the order really changes.
    with torch.no_grad():
        network.classifier.weight.mul_(100)
    return network


def plainly_reranked(network, neighbors, queries, database, truth, count):
    rankings = []
    for query, (similarities, images) in enumerate(zip(neighbors.scores, neighbors.ranks, strict=True)):
        # Junk goes to the end, as the published code does it.
        order = np.argsort(np.isin(images, truth[query].get("junk", [])), kind="stable")
        similarities, images = similarities[order], images[order]
        mixed = []
        for similarity, image in zip(similarities[:count], images[:count], strict=True):
            source, found = (
                torch.from_numpy(file.features(index).descriptors[:most])[None]
                for file, index, most in ((queries, query, 10), (database, int(image), 7))
            )
            with torch.no_grad():
                logit = network(source, None, found).item()
            mixed.append(0.5 * similarity + 0.5 / (1 + np.exp(-0.5 * logit)))
        rankings.append([*images[:count][np.argsort(mixed)[::-1]], *images[count:]])
    return np.array(rankings)


@pytest.mark.parametrize("truth", [LANDMARKS, REVISITED], ids=["landmarks", "revisited"])
def test_scores_are_those_of_pairs_scored_one_by_one(inputs, network, truth):
    scores = AmesValidation(SETTINGS, **inputs, ground_truth=truth).scores(network)
    assert list(scores) == ["validation_map_8", "validation_map_20"]
    files = [open_features(inputs[key]) for key in ("queries", "database")]
    for count in (8, 20):
        ranking = plainly_reranked(network, inputs["neighbors"], *files, truth, count)
        assert (ranking != inputs["neighbors"].ranks).any()
        if truth is LANDMARKS:
            expected = evaluate_landmarks(ranking, truth)["combined"].map
        else:
            expected = evaluate_revisited(ranking, truth)["medium"].map
        assert scores[f"validation_map_{count}"] == pytest.approx(expected)


def test_only_the_first_queries_count(inputs, network):
    scores = AmesValidation(SETTINGS, **inputs, ground_truth=LANDMARKS, first=3).scores(network)
    files = [open_features(inputs[key]) for key in ("queries", "database")]
    ranking = plainly_reranked(network, inputs["neighbors"], *files, LANDMARKS, 8)
    expected = evaluate_landmarks(ranking[:3], LANDMARKS[:3])["combined"].map
    assert scores["validation_map_8"] == pytest.approx(expected)


def test_inputs_that_do_not_fit_are_refused(inputs):
    neighbors = inputs["neighbors"]
    far = RankedList(np.where(neighbors.ranks == 3, 30, neighbors.ranks), neighbors.scores)
    cases = [
        (SETTINGS, {"ground_truth": LANDMARKS[:-1]}, "neighbours of 5 queries, ground truth of 4"),
        (SETTINGS, {"neighbors": far}, "the neighbours hold image 30, and the database has features of 30"),
        (
            AmesValidationSettings(**{**dict(SETTINGS), "candidates": [31]}),
            {},
            "shortlist: is 31, and the rankings hold 30",
        ),
        (AmesValidationSettings(candidates=[5]), {}, r"validation.query_descriptors: is 600, .*queries.h5 has"),
    ]
    for settings, change, message in cases:
        with pytest.raises(DataError, match=message):
            AmesValidation(settings, **{**inputs, "ground_truth": LANDMARKS, **change})
