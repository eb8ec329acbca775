"""A dataset searched together with distractors, whose features are not kept."""

import numpy as np
import pytest

from reprise.asmk.inverted_file import InvertedFile
from reprise.asmk.stages.blocks import aggregate_features
from reprise.codebooks.codebook import Codebook
from reprise.datasets import read_benchmark
from reprise.evaluation import evaluate_revisited
from reprise.formats.features import open_features
from reprise.formats.rankings import ALL, read_ranking
from reprise.reporting.evaluations import read_evaluation

pytestmark = pytest.mark.workflow

ENLARGED = "results/evaluations/sift_tiny/landmarks+passing.json"


@pytest.fixture(scope="module")
def enlarged(finished):
    """The finished workspace after a search together with distractors."""
    finished.run(targets=[ENLARGED])
    return finished.folder


def test_features_of_distractors_are_dropped_and_their_index_is_kept(enlarged):
    assert not list((enlarged / "results/features/sift_tiny/passing").glob("*.h5"))
    assert InvertedFile.open(enlarged / "results/indexes/sift_tiny/passing").n_images == 8
    assert len(list((enlarged / "results/features/sift_tiny/landmarks").glob("database.*-of-2.h5"))) == 2


def test_rankings_are_cut_and_the_scores_are_those_of_whole_rankings(enlarged):
    rankings = read_ranking(enlarged / "results/rankings/sift_tiny/landmarks+passing.h5")
    ranked = rankings.lists[ALL]
    assert ranked.ranks.shape == (4, 5) and ranked.places.shape == (4, 8)
    assert max(ranked.ranks.max() + 1, 8) <= len(rankings.database_names) <= 16 == rankings.searched
    assert len(rankings.database_names) - rankings.distractors == 8

    codebook = Codebook.load(enlarged / "results/codebooks/sift_tiny.h5")
    indexes = [InvertedFile.open(enlarged / "results/indexes/sift_tiny" / name) for name in ("landmarks", "passing")]
    with open_features(enlarged / "results/features/sift_tiny/landmarks/queries.h5") as file:
        queries = aggregate_features(file, codebook, images_per_block=1, num_features=50, assignments=5, binary=True)
    scores = np.hstack([index.scores(queries) for index in indexes])
    ranks = np.argsort(-scores, axis=1, kind="stable")
    truth = read_benchmark(enlarged / "landmarks/jpg", enlarged / "landmarks/gnd_landmarks.pkl", "revisited")
    expected = evaluate_revisited(np.where(ranks < 8, ranks, 7 - ranks), truth.ground_truth)
    measured = read_evaluation(enlarged / ENLARGED)
    for protocol, score in expected.items():
        assert measured.score("mAP", protocol).value == pytest.approx(100 * score.map, abs=1e-9)
    np.testing.assert_array_equal(np.argsort(ranks, axis=1)[:, :8], ranked.places)
    np.testing.assert_allclose(ranked.scores, -np.sort(-scores, axis=1)[:, :5], atol=1e-12)


def test_another_search_extracts_no_distractor_again(enlarged, space):
    space.config["experiments"]["sift_tiny"]["asmk"]["query_assignments"] = 3
    space.write_config()
    assert space.planned(targets=[ENLARGED]) == {"search": 1, "evaluate": 1}


def test_idf_cannot_share_an_index_of_distractors(space):
    space.config["experiments"]["sift_tiny"]["asmk"]["idf"] = True
    space.config["tables"]["tiny"]["datasets"] = ["landmarks", "landmarks+passing"]
    space.write_config()
    output = space.snakemake("-n", check=False)
    assert "sift_tiny uses idf" in output


def test_columns_with_distractors_are_measured_only_on_demand(space):
    space.config["tables"]["tiny"]["datasets"] = ["landmarks", "landmarks+passing"]
    space.write_config()
    assert space.planned() == {"table": 1}
    space.config["measure_enlarged"] = True
    space.write_config()
    assert set(space.planned()) >= {"search", "evaluate", "table"}
