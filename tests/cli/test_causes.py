"""What changed between two recipes, in words."""

import json

import pytest

from reprise.cli.causes import GONE, INTERRUPTED, NOT_MADE, own_causes, recipe_change, setting_changes
from reprise.cli.jobs import Job, Reason


def job(outputs=("out.h5",), inputs=("in.h5",), **reason):
    return Job("search", {}, list(inputs), list(outputs), [], 1, Reason(**reason), {})


def recipe(**parameters):
    """A recipe as Snakemake keeps it."""
    return repr(json.dumps({"stage": "search", "parameters": parameters, "modules": [], "code": "x"}))


@pytest.mark.parametrize(
    "stage, old, new, expected",
    [
        ("search", {"query_assignments": 5}, {"query_assignments": 10}, ["query assignments 5 -> 10"]),
        ("aggregate_chunk", {"database_assignments": 1}, {"database_assignments": 2}, ["database assignments 1 -> 2"]),
        ("train_codebook", {"size": 8, "seed": 1}, {"size": 12, "seed": 1}, ["codebook size 8 -> 12"]),
        ("table", {"rows": [{"method": "A"}]}, {"rows": [{"method": "B"}]}, ["method A -> B"]),
        ("extract_chunk", {"extractor": {"scales": [1.0]}}, {"extractor": {"scales": [1.0, 0.5]}},
         ["extractor scales 1.0 -> 1.0, 0.5"]),
        ("search", {"topk": None}, {}, ["topk none -> (not set)"]),
        ("search", {"idf": True, "steps": []}, {"idf": False, "steps": ["ames"]},
         ["idf true -> false", "steps nothing -> ames"]),
        ("search", {"boxes": [[0, 1], [2, 3]]}, {"boxes": [[0, 1]]}, ["boxes (0, 1), (2, 3) -> (0, 1)"]),
        ("rerank", {"ames": {"shortlist": 5}}, {"ames": None}, ["ames shortlist 5 -> none"]),
        ("table", {"rows": [{"method": "A", "x": 1}, {"method": "B", "x": 1}]}, {"rows": [{"method": "B", "x": 1}]},
         ["rows without A"]),
        ("table", {"rows": [{"method": "A"}]}, {"rows": [{"method": "C"}, {"method": "A"}, {"method": "D"}]},
         ["rows with C, D"]),
        ("search", {"alpha": 3.0}, {"alpha": 3.0}, []),
    ],
)  # fmt: skip
def test_settings(stage, old, new, expected):
    assert list(setting_changes(stage, old, new)) == expected


def test_a_reason_of_snakemake_with_two_recipes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before, now = "it's; now: 'a', before: \"b\"\n", "Updated input files: x; Forced execution"
    changed = job(params_before=[recipe(title=before, alpha=1)], params_now=[recipe(title=now, alpha=1)])
    assert own_causes(changed, tmp_path) == [f"title {before} -> {now}"]


def test_outputs_of_several_recipes_are_made_again_and_not_accepted(tmp_path):
    several = job(params_before=[recipe(alpha=1), recipe(alpha=2)], params_now=[recipe(alpha=3)])
    assert own_causes(several, tmp_path) == ["made with other recipes"] and recipe_change(several) is None


def write_record(folder, inputs):
    state = {"sha256": "0" * 64, "bytes": 1, "modified": 1}
    content = {"inputs": inputs, "outputs": {"out.h5": state}, "recipe": {"parameters": {}}}
    content |= {"rule": "extract_chunk", "wildcards": {}, "seconds": 1.0}
    (folder / "out.h5.job.json").write_text(json.dumps(content))


def test_missing_files_were_deleted_or_never_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert own_causes(job(missing_output=["out.h5"]), tmp_path) == [NOT_MADE]
    write_record(tmp_path, {})
    assert own_causes(job(missing_output=["out.h5"]), tmp_path) == [GONE]
    assert own_causes(job(incomplete_output=["out.h5"]), tmp_path) == [INTERRUPTED]


def test_other_inputs_are_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_record(tmp_path, {"in.h5": "", "old.h5": ""})
    found = own_causes(job(input_changed=True, inputs=["in.h5", "new.h5"]), tmp_path)
    assert found == ["other inputs (new new.h5; no longer old.h5)"]


def test_jobs_that_only_wait_for_others_have_no_cause_of_their_own(tmp_path):
    assert own_causes(job(), tmp_path) == []


def test_names_of_files_may_hold_what_sentences_do(tmp_path):
    names = ["a, b; Forced execution.h5", "it's new: files: x.h5"]
    assert own_causes(job(updated_input=names), tmp_path) == [f"{names[0]}, {names[1]} changed"]
    assert own_causes(job(forced=True, updated_input=names), tmp_path) == ["forced"]
