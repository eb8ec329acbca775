"""The tasks of the HPatches patch benchmark, against the published evaluation and against plain definitions."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest
from reference import hpatches as plain

from reprise.datasets.hpatches import read_pairs, read_patches
from reprise.evaluation import HPatchesTasks, hpatches_matching, hpatches_retrieval, hpatches_verification
from reprise.evaluation.hpatches_descriptors import all_types
from reprise.evaluation.hpatches_matching import nearest_rows
from reprise.evaluation.hpatches_tasks import (
    NOISES,
    PAIRS,
    retrieval_patches,
    two_of_each,
    verification_pairs,
)

TOLERANCE = 1e-6


@pytest.fixture(scope="module")
def arrays(golden):
    return dict(golden("hpatches"))


@pytest.fixture(scope="module")
def results(arrays):
    return json.loads(str(arrays["results"]))


@pytest.fixture(scope="module")
def tasks(arrays):
    texts, sequences = json.loads(str(arrays["tables"])), tuple(json.loads(str(arrays["sequences"])))
    return HPatchesTasks(
        sequences,
        *(
            read_pairs(texts[f"csv/verif_{kind}_split-mini.csv"], sequences, kind)
            for kind in ("pos", "neg_intra", "neg_inter")
        ),
        *(
            read_patches(texts[f"csv/retr_{kind}_split-mini.csv"], sequences, kind)
            for kind in ("queries", "distractors")
        ),
    )


@pytest.fixture(scope="module")
def descriptors(arrays):
    return {key: values for key, values in arrays.items() if "/" in key}


def test_golden_verification(descriptors, tasks, results):
    found = hpatches_verification(descriptors, tasks)
    for noise, kind in itertools.product(NOISES, ("intra", "inter")):
        assert found.auc[noise, kind] == pytest.approx(results[f"verification/{noise}/{kind}/auc"], abs=TOLERANCE)
        expected = results[f"verification/{noise}/{kind}/ap"]
        assert found.average_precision[noise, kind] == pytest.approx(expected, abs=TOLERANCE)
    assert found.mean == pytest.approx(np.mean([v for k, v in results.items() if k[:3] == "ver" and k[-2:] == "ap"]))


def test_golden_matching(descriptors, tasks, results):
    found = hpatches_matching(descriptors, tasks)
    for (level, noise), (number, name), image in itertools.product(
        enumerate(NOISES), enumerate(tasks.sequences), range(5)
    ):
        where = f"matching/{name}/{noise}{image + 1}"
        assert found.average_precision[level, number, image] == pytest.approx(results[f"{where}/ap"], abs=TOLERANCE)
        assert found.success[level, number, image] == pytest.approx(results[f"{where}/sr"], abs=TOLERANCE)


def test_golden_retrieval(descriptors, tasks, results):
    found = hpatches_retrieval(descriptors, tasks, pools=(100, 500))
    for (level, noise), query, (place, pool) in itertools.product(
        enumerate(NOISES), range(len(tasks.queries)), enumerate((100, 500))
    ):
        expected = results[f"retrieval/{query}/{noise}/{pool}/ap"]
        assert found.pooled[level, query, place] == pytest.approx(expected, abs=TOLERANCE)


def test_nested_descriptors_are_the_same(descriptors, tasks):
    nested = {name: {kind: descriptors[f"{name}/{kind}"] for kind in all_types()} for name in tasks.sequences}
    for task in (hpatches_verification, hpatches_matching, hpatches_retrieval):
        assert repr(task(nested, tasks)) == repr(task(descriptors, tasks))


def test_kinds_of_sequences_weigh_the_same(descriptors, tasks):
    found = hpatches_matching(descriptors, tasks)
    i, v = (found.of_group(name).mean() for name in "iv")
    assert found.mean == pytest.approx((2 * i + v) / 3)
    assert found.mean_of_groups == pytest.approx((i + v) / 2)
    assert np.isnan(replace(found, sequences=("i_a", "i_b", "i_c")).mean_of_groups)


def plain_curve(positive, scores):
    """Area under the precision-recall curve by the trapezoid rule, point by point, and the mean precision."""
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(positive[order])
    recall = np.concatenate([[0], hits / positive.sum()])
    precision = np.concatenate([[1], hits / np.arange(1, len(hits) + 1)])
    area = ((precision[1:] + precision[:-1]) / 2 * np.diff(recall)).sum()
    return area, precision[1:][positive[order]].mean()


@pytest.mark.parametrize("coarse", [False, True], ids=["all different", "many ties"])
def test_all_pools_and_lists_of_distractors(coarse):
    random = np.random.default_rng(0)
    sequences, count = ("i_a", "v_b", "v_c", "i_d"), 12
    draw = (
        (lambda: random.integers(0, 2, (count, 3)).astype(np.float32))
        if coarse
        else lambda: random.normal(size=(count, 3))
    )
    descriptors = {name: {kind: draw() for kind in all_types()} for name in sequences}
    patches = random.permutation([(s, i) for s in range(4) for i in range(count)])
    empty = np.zeros((0, 6), int)
    tasks = HPatchesTasks(sequences, empty, empty, empty, patches[:14], patches[14:])
    found = hpatches_retrieval(descriptors, tasks, (6, 9, 20, 100), (4, 11, None))
    for (level, noise), (query, (s, index)) in itertools.product(enumerate(NOISES), enumerate(tasks.queries)):
        own = descriptors[sequences[s]]["ref"][index]
        near = [descriptors[sequences[s]][f"{noise}{image}"][index] for image in range(1, 6)]
        for place, pool in enumerate(found.pools):
            foreign = [descriptors[sequences[t]]["ref"][i] for t, i in tasks.distractors if t != s][: pool - 5]
            area, _ = plain_lists(own, near, foreign)
            assert found.pooled[level, query, place] == pytest.approx(area, abs=1e-11)
        for number in (4, 11, None):
            foreign = [descriptors[sequences[t]]["ref"][i] for t, i in tasks.distractors[:number] if t != s]
            area, precision = plain_lists(own, near, foreign)
            assert found.area[number][level, query] == pytest.approx(area, abs=1e-11)
            assert found.precision[number][level, query] == pytest.approx(precision, abs=1e-11)
    assert found.mean_of_pools == pytest.approx(found.pooled.mean())


def plain_lists(own, near, foreign):
    distances = np.array([((own - other) ** 2).sum() for other in [*near, *foreign]])
    return plain_curve(np.arange(len(distances)) < 5, -distances)


def test_constant_descriptors_retrieve_everything_and_verify_nothing(descriptors, tasks):
    constant = {key: np.full_like(values, 0.3) for key, values in descriptors.items()}
    assert hpatches_retrieval(constant, tasks, (100,)).mean_of_pools == 1
    assert hpatches_verification(constant, tasks).auc["e", "inter"] == 0


def test_nearest_rows_are_exact_where_single_precision_is_not():
    random = np.random.default_rng(1)
    queries = random.normal(size=(40, 16)) + 100  # far from the origin, where the product loses digits
    rows = np.concatenate([queries + random.normal(scale=1e-3, size=queries.shape) for _ in range(6)])
    rows[3] = rows[100]
    nearest, distances = nearest_rows(queries, rows)
    exact = np.linalg.norm(queries[:, None] - rows, axis=2)
    assert np.array_equal(nearest, exact.argmin(axis=1))
    np.testing.assert_allclose(distances, exact.min(axis=1), rtol=1e-12)


def test_pairs_are_the_published_ones():
    """The first of split a, whose sequences 38, 28, 14 and 7 have 2000, 1816, 1102 and 2000 patches."""
    random = np.random.RandomState(42)
    sequences = random.choice(40, PAIRS)[:4]
    assert sequences.tolist() == [38, 28, 14, 7]
    assert two_of_each(random, np.array([2000, 1816, 1102, 2000]))[:, 0].tolist() == [251, 1625, 1100, 1766]


def test_single_draws_are_those_of_choice_and_randint():
    counts = [7, 3, 12]
    positives, same, different = verification_pairs(counts, 200)
    random = np.random.RandomState(42)
    sequences = random.choice(["0", "1", "2"], 200).astype(int)
    patches = [random.choice(np.arange(counts[s]), 2, replace=False) for s in sequences]
    images = [random.choice(np.arange(5), 2, replace=False) for _ in sequences]
    others = random.choice(["0", "1", "2"], 200).astype(int)
    foreign = [random.randint(counts[s]) for s in others]
    rows = zip(sequences, patches, images, others, foreign, strict=True)
    for row, (s, (a, b), (first, second), other, patch) in enumerate(rows):
        assert positives[row].tolist() == [s, first, a, s, second, a]
        assert same[row].tolist() == [s, first, a, s, second, b]
        assert different[row].tolist() == [s, first, a, other, second, patch]


def test_drawn_queries_and_distractors():
    random = np.random.default_rng(2)
    counts = [30, 20, 40]
    textured = [random.random(count) < 0.8 for count in counts]
    queries, distractors = retrieval_patches(counts, textured, 10, 50)
    both = [tuple(patch) for patch in np.concatenate([queries, distractors]).tolist()]
    assert len(queries) == 10
    assert len(set(both)) == len(both)
    assert all(textured[s][index] for s, index in both)


def test_unfit_input(descriptors, tasks):
    name = tasks.sequences[0]

    def error(
        message,
        change=None,
        changed_tasks=tasks,
        tasks_of=(hpatches_verification, hpatches_matching, hpatches_retrieval),
    ):
        values = dict(descriptors)
        if change is not None:
            change(values)
        for task in tasks_of:
            with pytest.raises(ValueError, match=message):
                task(values, changed_tasks)

    error(f"there are none of {name}/e2", lambda values: values.pop(f"{name}/e2"))
    error(f"{name}/e2 has the shape", lambda values: values.update({f"{name}/e2": values[f"{name}/e2"][1:]}))
    error("not all finite", lambda values: values.update({f"{name}/e2": values[f"{name}/e2"] * np.nan}))
    error("not \\(n, D\\)", lambda values: values.update({f"{name}/e2": values[f"{name}/e2"][:, 0]}))
    far = tasks.positives.copy()
    far[2, 5] = 1000
    error("row 2 names patch 1000", None, replace(tasks, positives=far), [hpatches_verification])
    far = tasks.queries.copy()
    far[1, 1] = -1
    error("queries: row 1 names patch -1", None, replace(tasks, queries=far), [hpatches_retrieval])
    error("0 queries", None, replace(tasks, queries=far[:0]), [hpatches_retrieval])
    with pytest.raises(ValueError, match="6 are the least"):
        hpatches_retrieval(descriptors, tasks, (5,))


def test_small_tasks_equal_their_definitions():
    random = np.random.default_rng(3)
    counts, sequences = [12, 9], ("i_a", "v_b")
    descriptors = {
        name: {kind: random.standard_normal((count, 8)).astype(np.float32) for kind in all_types()}
        for name, count in zip(sequences, counts, strict=True)
    }
    patches = retrieval_patches(counts, [np.ones(count, bool) for count in counts], 6, 9)
    small = HPatchesTasks(sequences, *verification_pairs(counts, 60), *patches)
    expected = plain.verification(descriptors, small)
    assert hpatches_verification(descriptors, small).average_precision == pytest.approx(expected, abs=1e-12)
    found = hpatches_matching(descriptors, small).average_precision
    np.testing.assert_allclose(found, plain.matching(descriptors, small), atol=1e-12)
    found = hpatches_retrieval(descriptors, small, pools=(7, 10)).pooled
    np.testing.assert_allclose(found, plain.retrieval(descriptors, small, (7, 10)), atol=1e-12)
