"""What runs again after a change: exactly what depends on it."""

import ast
import os
import shutil
import time

import pytest

pytestmark = pytest.mark.workflow

SEARCH = {"search": 1, "evaluate": 1, "table": 1}
INDEX = {"build_index": 1, **SEARCH}
AGGREGATE = {"aggregate_chunk": 2, **INDEX}
CODEBOOK = {"train_codebook": 1, **AGGREGATE}
# One extractor serves the landmarks (database in two chunks, queries in one) and the list for the codebook.
EXTRACT = {"extract_chunk": 5, "merge_features": 2, **CODEBOOK}
# A training validates by searching and scoring, so that their code is its own, too.
TRAIN = {"train_how": 1, **EXTRACT}


def edit(space, *path, value):
    """Set one key of the configuration."""
    entry = space.config
    for key in path[:-1]:
        entry = entry[key]
    entry[path[-1]] = value
    space.write_config()


def append(path, text):
    path.write_text(path.read_text() + text)


def touch_later(path):
    later = time.time() + 100
    os.utime(path, (later, later))


def test_nothing_after_a_finished_run(space):
    assert space.planned() == {}


@pytest.mark.parametrize(
    "path, value, expected",
    [
        (("experiments", "sift_tiny", "asmk", "query_assignments"), 3, SEARCH),
        (("experiments", "sift_tiny", "asmk", "alpha"), 2.0, SEARCH),
        (("experiments", "sift_tiny", "asmk", "threshold"), 0.1, SEARCH),
        (("experiments", "sift_tiny", "asmk", "topk"), 4, SEARCH),
        (("experiments", "sift_tiny", "asmk", "idf"), True, INDEX),
        (("experiments", "sift_tiny", "asmk", "database_assignments"), 2, AGGREGATE),
        (("experiments", "sift_tiny", "num_features"), 30, AGGREGATE),
        (("codebooks", "sift_tiny", "size"), 12, CODEBOOK),
        (("codebooks", "sift_tiny", "seed"), 2, CODEBOOK),
        (("codebooks", "sift_tiny", "num_features"), 30, CODEBOOK),
        (("extractors", "sift_tiny", "num_features"), 200, EXTRACT),
        (("extractors", "how_tiny", "scales"), [1.0, 0.7], EXTRACT),
        (("trainings", "how_tiny", "seed"), 1, {"train_how": 1, **EXTRACT}),
        (("trainings", "how_tiny", "margin"), 0.7, {"train_how": 1, **EXTRACT}),
        (("experiments", "sift_tiny", "method"), "RootSIFT", {"table": 1}),
        (("tables", "tiny", "title"), "Small", {"table": 1}),
        (("tables", "tiny", "protocols"), ["hard"], {"table": 1}),
        (("mirror",), "file:///elsewhere", {}),
        (("experiments", "rootsift", "num_features"), 100, {}),
    ],
    ids=lambda value: ".".join(value) if isinstance(value, tuple) else None,
)
def test_one_key(space, path, value, expected):
    if path[0] == "experiments" and path[1] == "rootsift":
        space.config["experiments"]["rootsift"] = {}
    edit(space, *path, value=value)
    assert space.planned() == expected


def test_two_values_swapped(space):
    asmk = space.config["experiments"]["sift_tiny"]["asmk"]
    asmk["alpha"], asmk["query_assignments"] = float(asmk["query_assignments"]), int(asmk["alpha"])
    space.write_config()
    assert space.planned() == SEARCH


def test_keys_in_another_order(space):
    for entry in ("asmk",):
        asmk = space.config["experiments"]["sift_tiny"][entry]
        space.config["experiments"]["sift_tiny"][entry] = dict(reversed(asmk.items()))
    space.write_config()
    assert space.planned() == {}


def test_a_dataset_added(space):
    edit(space, "tables", "tiny", "datasets", value=["landmarks", "others"])
    assert space.planned() == {
        "extract_chunk": 6, "merge_features": 2, "aggregate_chunk": 4,
        "build_index": 2, "search": 2, "evaluate": 2, "table": 1,
    }  # fmt: skip


def test_another_number_of_chunks(space):
    edit(space, "datasets", "landmarks", "chunks", value=3)
    # The queries are one chunk whatever the number; both experiments are aggregated anew from the new database files.
    assert space.planned() == {
        "extract_chunk": 6, "aggregate_chunk": 6,
        "build_index": 2, "search": 2, "evaluate": 2, "table": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    "file, expected",
    [
        ("src/reprise/evaluation/retrieval.py", {**TRAIN, "evaluate": 2}),
        # Loaded by name: the metric that takes the ground truth of the data set, and no other.
        ("src/reprise/evaluation/metrics/map_revisited.py", {"evaluate": 2, "table": 1}),
        ("src/reprise/evaluation/metrics/map_classic.py", {}),
        ("src/reprise/reranking/ames.py", {}),
        ("src/reprise/reporting/tables.py", {"table": 1}),
        ("src/reprise/downloads/download.py", {}),
        ("src/reprise/asmk/inverted_file.py", {**TRAIN, "build_index": 2, "search": 2, "evaluate": 2}),
        ("src/reprise/extractors/rootsift.py", EXTRACT),
        ("workflow/scripts/search.py", {"search": 2, "evaluate": 2, "table": 1}),
    ],
)
def test_logic_of_a_module(space, file, expected):
    append(space.folder / file, "\n_ADDED = 1\n")
    assert space.planned() == expected


def test_the_source_of_the_extension(space):
    append(space.folder / "src/reprise/asmk/_kernels.pyx", "\n# even a comment: it is compared as text\n")
    planned = space.planned()
    assert set(planned) == set(TRAIN)
    # The codebook of the other experiment stays: k-means does not use the extension.
    assert planned["extract_chunk"] == 5 and planned["train_codebook"] == 1
    assert planned["aggregate_chunk"] == 4 and planned["build_index"] == planned["search"] == 2


@pytest.mark.parametrize(
    "file",
    ["src/reprise/evaluation/retrieval.py", "src/reprise/extractors/rootsift.py", "workflow/scripts/search.py"],
)
def test_a_comment_in_a_module(space, file):
    append(space.folder / file, "\n# a comment\n")
    assert space.planned() == {}


def test_touched_scripts(space):
    for script in (space.folder / "workflow" / "scripts").glob("*.py"):
        touch_later(script)
    assert space.planned() == {}


def test_a_touched_small_input_with_the_same_content(space):
    pickle = space.folder / "landmarks" / "gnd_landmarks.pkl"
    stat = pickle.stat()
    touch_later(pickle)
    assert space.planned() == {}
    os.utime(pickle, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def test_other_content_of_an_input(space):
    pickle = space.folder / "landmarks" / "list.txt"
    before = pickle.read_text()
    try:
        pickle.write_text("".join(reversed(before.splitlines(keepends=True))))
        planned = space.planned()
        assert planned["extract_chunk"] == 4  # the list, by both extractors
        assert planned["train_codebook"] == 2 and "train_how" not in planned
    finally:
        pickle.write_text(before)
        shutil.copystat(space.folder / "landmarks" / "gnd_landmarks.pkl", pickle)


def test_an_output_that_was_deleted(space):
    path = space.folder / "results" / "evaluations" / "sift_tiny" / "landmarks.json"
    content = path.read_bytes()
    stat = path.stat()
    path.unlink()
    try:
        # Its consumer exists and nothing else changed, so that Snakemake has no reason to make it again.
        assert space.planned() == {}
        assert space.planned(targets=["results/evaluations/sift_tiny/landmarks.json"]) == {"evaluate": 1}
    finally:
        path.write_bytes(content)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def test_changes_are_not_seen_without_the_records_of_snakemake(space):
    shutil.rmtree(space.folder / ".snakemake" / "metadata")
    edit(space, "experiments", "sift_tiny", "asmk", "alpha", value=2.0)
    assert space.planned() == {}


def test_every_rule_has_the_recipe_as_its_one_parameter_and_runs_a_script(space):
    for file in (space.folder / "rules").glob("*.smk"):
        for block in file.read_text().split("\nrule ")[1:]:
            name = block.partition(":")[0]
            assert "    run:" not in block and "    shell:" not in block, name
            parameters = block.partition("    params:\n")[2].partition("\n    script:")[0]
            (parameter,) = ast.parse(f"f({parameters.strip()})").body[0].value.keywords
            assert parameter.arg == parameter.value.func.id == "recipe" and parameter.value.args[0].value == name
    for script in (space.folder / "workflow" / "scripts").glob("*.py"):
        assert "snakemake.config" not in script.read_text(), script


def test_running_again_after_a_change_gives_a_new_table(space):
    table = space.folder / "results" / "tiny.csv"
    before = table.read_text()
    features = space.folder / "results" / "features" / "sift_tiny" / "landmarks" / "database.1-of-2.h5"
    extracted = features.stat().st_mtime_ns
    edit(space, "experiments", "sift_tiny", "asmk", "query_assignments", value=1)
    space.run()
    assert features.stat().st_mtime_ns == extracted
    changed = table.read_text()
    assert [line for line in before.splitlines() if "how_tiny" in line] == [
        line for line in changed.splitlines() if "how_tiny" in line
    ]
    assert space.planned() == {}
