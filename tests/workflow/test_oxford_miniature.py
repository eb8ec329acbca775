"""Bags of words, verification and query expansion on the miniature, in the original protocol of Oxford and Paris."""

import json

import pytest

pytestmark = pytest.mark.workflow


@pytest.mark.parametrize("dataset", ["oxford5k", pytest.param("paris6k", marks=pytest.mark.long)])
def test_each_step_of_the_retrieval_finds_more(miniature, dataset):
    """The visual words are those of the other city; expanded rankings are better verified again or not."""
    steps = ("bow", "sv", "qe", "qe_sv")
    files = {step: f"results/mini/evaluations/rootsift_{step}_{dataset}/{dataset}.json" for step in steps}
    miniature.run(targets=list(files.values()))
    measured = {}
    for step, file in files.items():
        scores = json.loads((miniature.folder / file).read_text())["scores"]
        (score,) = (score for score in scores if score["metric"] == "mAP")
        assert (score["group"], score["count"]) == ("classic", 16)
        measured[step] = score["value"]
    assert 0 < measured["bow"] < measured["sv"] < measured["qe"] < 100, measured
    assert measured["sv"] < measured["qe_sv"] < 100, measured
