"""Bags of words, verification and query expansion on the miniature, in the original protocol of Oxford and Paris."""

import csv

import pytest

pytestmark = pytest.mark.workflow


@pytest.mark.parametrize("dataset", ["oxford5k", pytest.param("paris6k", marks=pytest.mark.long)])
def test_each_step_of_the_retrieval_finds_more(miniature, dataset):
    """The visual words are of the other city, and everything else is as published, but for the size."""
    table = f"results/mini/bow_{dataset}.csv"
    miniature.run(targets=[table])
    with (miniature.folder / table).open() as file:
        rows = list(csv.DictReader(file))
    assert {(row["dataset"], row["protocol"], row["queries"]) for row in rows} == {(dataset, "classic", "16")}
    measured = {row["method"]: float(row["measured"]) for row in rows}
    assert 0 < measured["BoW"] < measured["BoW + SV"] < measured["BoW + SV + QE"] < 100, measured
