"""Re-ranking as a step: from a ranking to a ranking, with a list per protocol, as often as one likes."""

import json
import subprocess
import sys

import numpy as np
import pytest

from reprise.datasets.images import Dataset, ImageList
from reprise.evaluation import evaluate_revisited
from reprise.formats.pair_scores import PairScores, write_pair_scores
from reprise.formats.rankings import ALL, RankedList, Ranking, read_ranking, write_ranking
from reprise.formats.tokens import token_writer
from reprise.reporting.evaluations import evaluate_ranking
from reprise.reranking import ames
from reprise.reranking.candidates import take_candidates
from reprise.reranking.scorers import SCORERS, load_scorer
from reprise.reranking.shortlists import shortlists
from reprise.reranking.steps import merged_sizes, rerank, rerank_files
from reprise.storage.errors import DataError

SETTINGS = {"similarity_weight": 0.5, "temperature": 0.2}


def names(letter, count):
    return [f"{letter}{number}" for number in range(count)]


def dataset(truth, images):
    database, queries = (
        ImageList(listed, [None] * len(listed)) for listed in (names("d", images), names("q", len(truth)))
    )
    return Dataset(database, queries, truth, "revisited")


@pytest.fixture(scope="module")
def published(golden):
    """The ranking, the logits of all pairs, and what the published code makes of them."""
    archive = golden("ames_rerank")
    every, truth = archive["pair_scores"], json.loads(str(archive["gnd"]))
    queries, images = every.shape
    scores = PairScores(np.arange(queries + 1) * images, np.tile(np.arange(images), queries), every.ravel(), images)
    nearest = RankedList(archive["nn_indices"], archive["nn_sims"])
    ranking = Ranking(names("q", queries), names("d", images), {ALL: nearest})
    return take_candidates(ranking, dataset(truth, images), [], "r.h5"), scores, json.loads(str(archive["results"]))


def evaluated(ranking, candidates):
    return evaluate_ranking(ranking, candidates.dataset, ["map_revisited"], [1, 5, 10])


def test_each_protocol_has_the_published_numbers_on_its_own_list(published):
    candidates, scores, results = published
    for key, expected in results.items():
        passed, lam, gamma, count = key.split("/")
        settings = {"similarity_weight": float(lam), "temperature": float(gamma)}
        step = rerank(candidates, scores, ames, shortlist=int(count), settings=settings)
        assert list(step.lists) == ["easy", "medium", "hard"]
        found = evaluated(step, candidates)
        protocol, name = ("hard", "H_map") if passed == "hard1" else ("medium", "M_map")
        assert found.score("mAP", protocol).value == pytest.approx(expected[name], abs=1e-3), key


def test_easy_follows_the_same_rule_with_its_own_junk(published):
    candidates, scores, _ = published
    step = rerank(candidates, scores, ames, shortlist=20, settings=SETTINGS)
    truth, given = candidates.ground_truth, candidates.ranking.list_of("easy")
    for query, row in enumerate(step.list_of("easy").ranks):
        ignored = {*truth[query]["junk"], *truth[query]["hard"]}
        head = [image for image in given.ranks[query] if image not in ignored][:20]
        assert set(row[:20]) == set(head)
    expected = evaluate_revisited(step.list_of("easy").ranks, truth)["easy"].map
    assert evaluated(step, candidates).score("mAP", "easy").value == pytest.approx(100 * expected, abs=1e-12)


def test_a_second_reranker_takes_each_list_by_itself(published):
    candidates, scores, _ = published
    first = rerank(candidates, scores, ames, shortlist=30, settings=SETTINGS)
    again = take_candidates(first, candidates.dataset, [], "first.h5")
    rng = np.random.default_rng(0)
    other = PairScores(
        scores.offsets, scores.images, rng.normal(size=len(scores.scores)).astype("f4"), scores.num_images
    )
    second = rerank(again, other, ames, shortlist=20, settings=SETTINGS)
    for protocol, before in first.lists.items():
        after = second.list_of(protocol)
        logits = other.of(before.ranks[:, :20])
        mixed = 0.5 * before.scores[:, :20].astype(float) + 0.5 / (1 + np.exp(-0.2 * logits.astype(float)))
        order = np.argsort(-mixed, axis=1, kind="stable")
        np.testing.assert_array_equal(after.ranks[:, :20], np.take_along_axis(before.ranks[:, :20], order, axis=1))
        np.testing.assert_array_equal(after.ranks[:, 20:], before.ranks[:, 20:])
        np.testing.assert_allclose(after.scores[:, :20], np.take_along_axis(mixed, order, axis=1), rtol=1e-6)
    assert second.reranked == 20 and evaluated(second, again).score("mAP", "hard").count > 0
    lists = [ranked.ranks[:, :20] for ranked in second.lists.values()]
    assert any((lists[0] != ranks).any() for ranks in lists[1:])
    with pytest.raises(DataError, match="shortlist: is 40, and the step before re-ranked 30 images.*lower it to 30"):
        rerank(again, other, ames, shortlist=40, settings=SETTINGS)


def test_a_ranking_without_protocols_stays_one_list(published):
    candidates, scores, _ = published
    ok = [{"ok": [*entry["easy"], *entry["hard"]]} for entry in candidates.ground_truth]
    landmarks = Dataset(candidates.dataset.database, candidates.dataset.queries, ok, "landmarks")
    taken = take_candidates(candidates.ranking, landmarks, [], "r.h5")
    assert list(rerank(taken, scores, ames, shortlist=5, settings=SETTINGS).lists) == [ALL]


def test_files(published, tmp_path):
    candidates, scores, _ = published
    write_pair_scores(tmp_path / "pairs.h5", scores, {"recipe": "r"})
    with token_writer(
        tmp_path / "tokens.h5", 50, 4, "float16", names=None, attributes={"network": "net", "role": "database"}
    ) as writer:
        writer.append(np.ones((50, 4, 128), np.float16), np.full(50, 3))
    sized = Ranking(**{**vars(candidates.ranking), "sizes": {"index bytes": {"e": 11}}})
    rerank_files(
        take_candidates(sized, candidates.dataset, [], "r.h5"), [tmp_path / "pairs.h5"], tmp_path / "out.h5",
        scorer="ames", files={"database": tmp_path / "tokens.h5"}, shortlist=10**6,
        settings={**SETTINGS, "num_features": 2, "query_features": 2}, attributes={"recipe": "{}"},
    )  # fmt: skip
    found = read_ranking(tmp_path / "out.h5")
    assert found.sizes == {"index bytes": {"e": 11}, "token bytes": {"net": 50 * 2 * 256}}
    assert found.reranked == candidates.ranking.shortest
    expected = rerank(candidates, scores, ames, shortlist=10**6, settings=SETTINGS)
    for protocol, ranked in expected.lists.items():
        np.testing.assert_array_equal(found.list_of(protocol).ranks, ranked.ranks)
        np.testing.assert_array_equal(found.list_of(protocol).scores, ranked.scores)


def test_what_two_steps_use_is_kept_once():
    first, second = {"token bytes": {"net": 5}, "index bytes": {"e": 1}}, {"token bytes": {"net": 9, "other": 2}}
    assert merged_sizes(first, second) == {"token bytes": {"net": 9, "other": 2}, "index bytes": {"e": 1}}


def test_rankings_that_cannot_be_reranked(tmp_path):
    truth = [{"easy": [0], "hard": [1], "junk": []}]
    cut = Ranking(["q0"], ["d0", "d1", "x"], {ALL: RankedList(np.array([[2, 0]]), np.ones((1, 2)))}, 1)
    write_ranking(tmp_path / "r.h5", cut, {})
    with pytest.raises(DataError, match="r.h5: keeps only the first images of rankings with distractors"):
        take_candidates(read_ranking(tmp_path / "r.h5"), dataset(truth, 2), ["x"], str(tmp_path / "r.h5"))
    for scores, message in ((np.full((1, 2), np.nan), "contain NaN"), (np.ones((1, 2)), "more than once")):
        bad = Ranking(["q0"], ["d0", "d1"], {ALL: RankedList(np.array([[1, 1]]), scores)})
        with pytest.raises(DataError, match=f"r.h5: .*{message}"):
            take_candidates(bad, dataset(truth, 2), [], "r.h5")


def test_equal_scores_keep_their_order_as_counts_of_inliers_need_it(published):
    class Inliers:
        """A scorer whose scores alone count, with a threshold below which images keep their order."""

        def fuse(self, similarities, scores, *, threshold):
            return np.where(scores >= threshold, scores, 0).astype(float)

    candidates, scores, _ = published
    counts = PairScores(scores.offsets, scores.images, np.round(3 * np.abs(scores.scores)), scores.num_images)
    step = rerank(candidates, counts, Inliers(), shortlist=25, settings={"threshold": 4})
    for protocol, before in candidates.lists().items():
        for query, row in enumerate(before.ranks[:, :25]):
            found = counts.of(before.ranks[:, :25])[query]
            verified = sorted((place for place in range(25) if found[place] >= 4), key=lambda place: -found[place])
            order = [*verified, *(place for place in range(25) if found[place] < 4)]
            assert step.list_of(protocol).ranks[query, :25].tolist() == row[order].tolist()


def test_scorers_are_found_by_name():
    assert "ames" in SCORERS.names() and load_scorer("ames") is ames is load_scorer("reprise.reranking.ames")
    with pytest.raises(DataError, match="scorer: unknown name 'amse'; did you mean 'ames'"):
        load_scorer("amse")


def test_a_new_order_needs_no_torch():
    code = "import sys, reprise.reranking.steps, reprise.reporting.evaluations; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", f"{code}"], check=True)


def test_shortlists_of_a_ranking_start_from_its_own_lists():
    ranks = {"medium": [[0, 1, 2]], "hard": [[2, 1, 0]]}
    lists = {name: RankedList(np.array(rows), np.ones((1, 3))) for name, rows in ranks.items()}
    ranking = Ranking(["q"], ["a", "b", "c"], lists)
    found = shortlists(ranking, [{"easy": [1], "hard": [], "junk": [0]}], ("medium", "hard"))
    assert {name: one.ranks.tolist() for name, one in found.items()} == {"medium": [[1, 2, 0]], "hard": [[2, 1, 0]]}
    with pytest.raises(DataError, match="of 1 queries, the ground truth has 2"):
        shortlists(ranking, [{"easy": [], "hard": []}] * 2, ["hard"])


def test_with_junk_kept_the_plain_head_of_the_ranking_is_reranked(published):
    candidates, scores, _ = published
    step = rerank(candidates, scores, ames, shortlist=20, settings=SETTINGS, junk="kept")
    assert list(step.lists) == [ALL]
    before, after = candidates.ranking.list_of(ALL).ranks, step.list_of(ALL).ranks
    np.testing.assert_array_equal(np.sort(after[:, :20]), np.sort(before[:, :20]))
    np.testing.assert_array_equal(after[:, 20:], before[:, 20:])
    expected = evaluate_revisited(after, candidates.ground_truth)
    for protocol in ("easy", "medium", "hard"):
        assert evaluated(step, candidates).score("mAP", protocol).value == 100 * expected[protocol].map


def test_the_default_moves_junk_as_before(published):
    candidates, scores, _ = published
    implied = rerank(candidates, scores, ames, shortlist=20, settings=SETTINGS)
    named = rerank(candidates, scores, ames, shortlist=20, settings=SETTINGS, junk="last")
    for protocol, ranked in implied.lists.items():
        np.testing.assert_array_equal(ranked.ranks, named.list_of(protocol).ranks)
    assert ames.Step.read({"rerank": "x"}, "step").junk == "last"


def test_a_step_that_moves_junk_after_one_that_kept_it_compares_only_what_was_compared(published):
    candidates, scores, _ = published
    first = rerank(candidates, scores, ames, shortlist=20, settings=SETTINGS, junk="kept")
    again = take_candidates(first, candidates.dataset, [], "first.h5")
    assert list(rerank(again, scores, ames, shortlist=20, settings=SETTINGS, junk="kept").lists) == [ALL]
    with pytest.raises(DataError, match=r"junk: is 'last', .* holds \d+ images that it did not compare"):
        rerank(again, scores, ames, shortlist=20, settings=SETTINGS)
