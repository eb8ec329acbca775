"""What changed between two recipes, in words."""

import json

import pytest

from reprise.cli.causes import GONE, NOT_MADE, own_causes, setting_changes
from reprise.cli.dryrun import Job


def job(reason, outputs=("out.h5",), inputs=("in.h5",)):
    return Job("search", {}, list(inputs), list(outputs), [], 1, reason, {})


@pytest.mark.parametrize(
    "stage, old, new, expected",
    [
        ("search", {"query_assignments": 5}, {"query_assignments": 10}, ["query assignments 5 -> 10"]),
        ("aggregate_chunk", {"database_assignments": 1}, {"database_assignments": 2}, ["database assignments 1 -> 2"]),
        ("train_codebook", {"size": 8, "seed": 1}, {"size": 12, "seed": 1}, ["codebook size 8 -> 12"]),
        ("table", {"rows": [{"method": "A"}]}, {"rows": [{"method": "B"}]}, ["method A -> B"]),
        ("extract_chunk", {"extractor": {"scales": [1.0]}}, {"extractor": {"scales": [1.0, 0.5]}},
         ["extractor scales [1.0] -> [1.0, 0.5]"]),
        ("search", {"topk": None}, {}, ["topk null -> (none)"]),
        ("search", {"alpha": 3.0}, {"alpha": 3.0}, []),
    ],
)  # fmt: skip
def test_settings(stage, old, new, expected):
    assert list(setting_changes(stage, old, new)) == expected


def test_a_reason_of_snakemake_with_two_recipes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    recipes = [
        repr(json.dumps({"stage": "search", "parameters": {"title": title, "alpha": 1}, "modules": [], "code": "x"}))
        for title in ("it's; now: 'a'", "b")
    ]
    reason = (
        "Params have changed since last execution: Union of exclusive params before and now across all output: "
        f"before: {recipes[0]} now: {recipes[1]} "
    )
    assert own_causes(job(reason), tmp_path) == ["title it's; now: 'a' -> b"]


def test_missing_files_were_deleted_or_never_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert own_causes(job("Missing output files: out.h5"), tmp_path) == [NOT_MADE]
    (tmp_path / "out.h5.job.json").write_text(json.dumps({"outputs": {"out.h5": {}}}))
    assert own_causes(job("Missing output files: out.h5"), tmp_path) == [GONE]


def test_other_inputs_are_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out.h5.job.json").write_text(json.dumps({"inputs": {"in.h5": "", "old.h5": ""}}))
    found = own_causes(job("Set of input files has changed since last execution", inputs=["in.h5", "new.h5"]), tmp_path)
    assert found == ["other inputs (new new.h5; no longer old.h5)"]


def test_jobs_that_only_wait_for_others_have_no_cause_of_their_own(tmp_path):
    assert own_causes(job("Input files updated by another job: in.h5"), tmp_path) == []
    assert own_causes(job("Updated input files: in.h5; Input files updated by another job: x.h5"), tmp_path) == [
        "in.h5 changed"
    ]
