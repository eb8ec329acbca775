"""The mixture of similarities and logits, and its evaluation, against the published implementation."""

import json

import h5py
import numpy as np
import pytest
from reranking_data import neighbors

from reprise.datasets.gldv2 import query_groups
from reprise.evaluation.retrieval import evaluate_revisited
from reprise.formats.pair_scores import PairScores, read_chunks, read_pair_scores, write_pair_scores
from reprise.formats.rankings import RankedList
from reprise.reranking.fusion import evaluate, fuse, mix, sweep
from reprise.reranking.shortlists import shortlists, union
from reprise.storage.errors import DataError


@pytest.fixture(scope="module")
def published(golden):
    archive = golden("ames_rerank")
    every = archive["pair_scores"]
    queries, images = every.shape
    scores = PairScores(np.arange(queries + 1) * images, np.tile(np.arange(images), queries), every.ravel(), images)
    truth = json.loads(str(archive["gnd"]))
    return RankedList(archive["nn_indices"], archive["nn_sims"]), scores, truth, json.loads(str(archive["results"]))


def test_published_maps(published):
    nearest, scores, truth, results = published
    rankings = shortlists(nearest, truth)
    for key, expected in results.items():
        passed, lam, gamma, count = key.split("/")
        ranking = rankings["hard" if passed == "hard1" else "medium"]
        fused = fuse(ranking, scores.of(ranking.first(int(count)).ranks), float(lam), float(gamma))
        found = evaluate_revisited(fused.ranks, truth)
        maps = {f"{name[0].upper()}_map": 100 * found[name].map for name in found}
        assert maps == pytest.approx(expected, abs=1e-3), key


def test_a_sweep_reuses_the_scores(published):
    nearest, scores, truth, results = published
    rows = sweep(shortlists(nearest, truth), scores, truth, shortlist=[20, 30], lam=[0.5, 0.55], gamma=[0.2, 0.3])
    assert [tuple(row)[:3] for row in rows] == [("shortlist", "lambda", "gamma")] * 8
    by_key = {f"{row['lambda']}/{row['gamma']}/{row['shortlist']}": row for row in rows}
    for key in ("0.5/0.2/20", "0.55/0.3/30"):
        assert 100 * by_key[key]["medium"] == pytest.approx(results[f"hard0/{key}"]["M_map"], abs=1e-3)
        assert 100 * by_key[key]["hard"] == pytest.approx(results[f"hard1/{key}"]["H_map"], abs=1e-3)


def test_landmarks_have_one_ranking(published):
    nearest, scores, truth, _ = published
    ok = [{"ok": entry["easy"] + entry["hard"]} for entry in truth]
    rankings = shortlists(nearest, ok)
    np.testing.assert_array_equal(rankings["all"].ranks, nearest.ranks)
    (row,) = sweep(rankings, scores, ok, shortlist=[30], lam=[0.5], gamma=[0.2], groups=query_groups(len(ok), 2))
    assert {"public", "private", "combined"} <= row.keys()
    with_junk = [{"ok": entry["easy"], "junk": entry["junk"]} for entry in truth]
    assert list(evaluate(shortlists(nearest, with_junk), with_junk)) == ["classic"]


def test_one_list_with_junk_in_its_place_is_evaluated_under_every_protocol(published):
    nearest, scores, truth, _ = published
    expected = evaluate_revisited(fuse(nearest, scores.of(nearest.first(20).ranks), 0.5, 0.2).ranks, truth)
    (row,) = sweep({"all": nearest}, scores, truth, shortlist=[20], lam=[0.5], gamma=[0.2])
    assert {name: row[name] for name in expected} == {name: found.map for name, found in expected.items()}


def test_images_that_a_protocol_ignores_go_to_the_end():
    nearest = RankedList(np.array([[4, 2, 0, 3, 1]]), np.array([[0.9, 0.8, 0.7, 0.6, 0.5]], "f4"))
    truth = [{"easy": [2], "hard": [3], "junk": [4]}]
    found = shortlists(nearest, truth, ("easy", "medium", "hard"))
    assert {name: ranking.ranks[0].tolist() for name, ranking in found.items()} == {
        "easy": [2, 0, 1, 4, 3],
        "medium": [2, 0, 3, 1, 4],
        "hard": [0, 3, 1, 4, 2],
    }
    np.testing.assert_array_equal(found["medium"].scores, np.array([[0.8, 0.7, 0.6, 0.5, 0.9]], "f4"))
    assert nearest.ranks.tolist() == [[4, 2, 0, 3, 1]]
    offsets, images = union({name: found[name] for name in ("medium", "hard")}, 2)
    assert (offsets.tolist(), images.tolist()) == ([0, 3], [0, 2, 3])


def test_only_the_first_are_permuted_and_ties_keep_their_order():
    nearest = RankedList(np.array([[3, 1, 0, 2]]), np.array([[0.9, 0.8, 0.8, 0.6]], "f4"))
    fused = fuse(nearest, np.array([[-9, 2, 2]], "f4"), 0.5, 1.0)
    assert fused.ranks.tolist() == [[1, 0, 3, 2]]
    assert fused.scores[0, 3] == np.float32(0.6)
    assert fuse(nearest, np.array([[-9, 2, 2]], "f4"), 1.0, 1.0).ranks.tolist() == nearest.ranks.tolist()


def test_the_mixture():
    values = mix(np.array([0.5]), np.array([2.0], "f4"), 0.25, 0.5)
    assert values == pytest.approx(0.25 * 0.5 + 0.75 / (1 + np.exp(-1.0)))
    assert mix(np.zeros(2), np.array([-1e6, 1e6]), 0, 1).tolist() == [0, 1]
    # Of images without a descriptor: the similarity, the logit, or both are minus infinity.
    nothing = np.array([-np.inf, 0.5, -np.inf]), np.array([2.0, -np.inf, -np.inf])
    assert mix(*nothing, 0.5, 1.0).tolist() == [-np.inf, 0.25, -np.inf]
    assert mix(*nothing, 0, 1.0).tolist() == [pytest.approx(1 / (1 + np.exp(-2.0))), 0, 0]
    for lam, gamma, message in ((1.1, 1, "lambda"), (np.nan, 1, "lambda"), (0.5, 0, "gamma"), (0.5, np.inf, "gamma")):
        with pytest.raises(DataError, match=message):
            mix(np.zeros(1), np.zeros(1), lam, gamma)


@pytest.mark.parametrize("lam", [0.0, 0.5, 1.0])
def test_an_image_that_could_not_be_decoded_stays_last(tmp_path, lam):
    nearest = RankedList(np.array([[3, 1, 0, 2]]), np.array([[0.9, 0.1, -0.8, -np.inf]], "f4"))
    pairs = PairScores(np.array([0, 4]), np.arange(4, dtype="i4"), np.array([-6, -3, -np.inf, -9], "f4"), 4)
    write_pair_scores(tmp_path / "pairs.h5", pairs, {})
    fused = fuse(nearest, read_pair_scores(tmp_path / "pairs.h5").of(nearest.ranks), lam, 1.0)
    assert fused.ranks[0, 3] == 2 and not np.isnan(fused.scores).any()


def test_more_images_than_were_scored():
    nearest = neighbors(3, 8)
    offsets, images = union({"all": nearest}, 4)
    scores = PairScores(offsets, images, np.zeros(len(images), "f4"), 8)
    with pytest.raises(DataError, match=r"query 0 and image \d, at rank 5 of what is re-ranked, were not scored"):
        scores.of(nearest.first(5).ranks)
    with pytest.raises(DataError, match="shortlist: is 9, and the rankings hold 8"):
        nearest.first(9)
    with pytest.raises(DataError, match="shortlist: is 9, and the rankings hold 8"):
        fuse(nearest, np.zeros((3, 9)), 0.5, 1.0)
    with pytest.raises(DataError, match="are of 3 queries, 2 were asked for"):
        scores.of(nearest.ranks[:2, :1])


def test_damaged_and_missing_chunks_of_scores(tmp_path):
    part = PairScores(np.array([0, 2]), np.array([1, 4]), np.array([0.5, 1], "f4"), 8)
    for chunk in range(3):
        write_pair_scores(tmp_path / f"{chunk}.h5", part, {"first_query": chunk, "recipe": "r"})
    with pytest.raises(DataError, match=r"2.h5: begins with query 2, expected 1"):
        read_chunks([tmp_path / "0.h5", tmp_path / "2.h5"])
    write_pair_scores(tmp_path / "1.h5", part, {"first_query": 1, "recipe": "another"})
    with pytest.raises(DataError, match=r"1.h5: was scored with another recipe than .*0.h5"):
        read_chunks([tmp_path / f"{chunk}.h5" for chunk in range(3)])
    write_pair_scores(tmp_path / "bad.h5", PairScores(part.offsets, part.images, part.scores * np.nan, 8), {})
    with pytest.raises(DataError, match="'scores' contain NaN"):
        read_pair_scores(tmp_path / "bad.h5")
    write_pair_scores(tmp_path / "bad.h5", PairScores(part.offsets, part.images[:1], part.scores, 8), {})
    with pytest.raises(DataError, match="do not fit each other"):
        read_pair_scores(tmp_path / "bad.h5")
    with h5py.File(tmp_path / "bad.h5", "a") as file:
        file.move("scores", "logits")  # as it was called
    with pytest.raises(DataError, match=r"bad\.h5: has no scores; another version of reprise wrote it, delete it"):
        read_pair_scores(tmp_path / "bad.h5")


def test_what_pads_a_list_is_no_image(published):
    """Lists of fewer images than the short list: what follows them is neither scored nor ranked before an image."""
    nearest, scores, truth, _ = published
    count = 12
    short = RankedList(nearest.ranks[:, :count], nearest.scores[:, :count])
    ranks = np.pad(short.ranks.astype(np.int64), ((0, 0), (0, 8)), constant_values=-1)
    padded = RankedList(ranks, np.pad(short.scores, ((0, 0), (0, 8)), constant_values=2.0))
    offsets, images = union({"all": padded}, 20)
    np.testing.assert_array_equal(images, union({"all": short}, count)[1])
    assert offsets[-1] == len(images) == count * len(truth)
    logits = scores.of(padded.first(20).ranks)
    assert np.isneginf(logits[:, count:]).all()
    fused, expected = fuse(padded, logits, 0.5, 0.2), fuse(short, scores.of(short.ranks), 0.5, 0.2)
    np.testing.assert_array_equal(fused.ranks[:, :count], expected.ranks)
    assert (fused.ranks[:, count:] == -1).all()
    for name, found in evaluate_revisited(fused.ranks, truth).items():
        assert found.map == evaluate_revisited(expected.ranks, truth)[name].map
