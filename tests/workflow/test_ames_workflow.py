"""AMES through the workflow: from images to tables, what runs again, and bad input."""

import csv
import json
import shutil
import subprocess
import sys

import h5py
import numpy as np
import pytest
import torch
from ames_workspace import ADOPTED, TARGETS, ames_workspace

from reprise.formats.neighbors import read_neighbors
from reprise.formats.rankings import read_ranking
from reprise.networks.ames import AMES
from reprise.reporting.evaluations import read_evaluation
from reprise.untrusted.pickles import load_pickle

pytestmark = pytest.mark.workflow

RERANK = {"rerank": 1, "evaluate": 1, "table": 1}


@pytest.fixture(scope="module")
def ames(tmp_path_factory):
    """A workspace in which everything of AMES ran."""
    work = ames_workspace(tmp_path_factory.mktemp("ames") / "work")
    queries = "results/features/dinov2_tiny/landmarks/queries.h5"
    work.run(targets=[queries])
    # Published features have neither names nor recipes.
    (work.folder / ADOPTED).parent.mkdir(parents=True)
    with h5py.File(work.folder / "results/features/dinov2_tiny/landmarks/queries.1-of-1.h5") as own, \
            h5py.File(work.folder / ADOPTED, "w") as adopted:  # fmt: skip
        adopted["features"] = own["features"][:]
    work.run(targets=[*TARGETS, "results/ames_enlarged.csv"])
    return work


@pytest.fixture
def changed(ames):
    """The same, with its configuration put back after the test."""
    config = json.dumps(ames.config)
    yield ames
    ames.config = json.loads(config)
    ames.write_config()


def read(work, name):
    with (work.folder / "results" / name).open() as file:
        return list(csv.DictReader(file))


def test_every_cell_is_measured(ames):
    for table, methods in (("ames_tiny", 5), ("ames_enlarged", 2)):
        cells = read(ames, f"{table}.csv")
        assert len(cells) == methods * 2
        assert all(0 < float(cell["measured"]) <= 100 for cell in cells)
    codes = {c["method"]: int(c["index_bytes"]) for c in read(ames, "ames_tiny.csv") if c["method"] != "CLS"
             and c["index_bytes"]}  # fmt: skip
    assert codes["CLS + AMES"] == 8 * 16 * 256 and codes["CLS + AMES, distilled"] == 8 * 16 * 16


def test_rankings_after_other_steps_are_scored_under_every_protocol(ames):
    cells = read(ames, "ames_steps.csv")
    assert len(cells) == 3 * 3 and {cell["protocol"] for cell in cells} == {"easy", "medium", "hard"}
    assert all(0 < float(cell["measured"]) <= 100 and cell["queries"] == "4" for cell in cells)
    same = {(c["method"], c["protocol"]): c["measured"] for c in read(ames, "ames_tiny.csv")}
    for cell in cells:
        if cell["protocol"] != "easy" and cell["method"] != "CLS + AMES + AMES, distilled":
            # "CLS + AMES" stands twice in the other table, with two weights.
            assert cell["method"] == "CLS + AMES" or same[cell["method"], cell["protocol"]] == cell["measured"]


def test_a_second_reranker_takes_the_lists_that_the_first_gives(ames):
    first, second = (
        read_ranking(ames.folder / f"results/rankings/{name}/landmarks.h5")
        for name in ("twice_ames.ames", "twice_ames")
    )
    same = read_ranking(ames.folder / "results/rankings/tiny_ames/landmarks.h5")
    for protocol, ranked in same.lists.items():
        np.testing.assert_array_equal(first.list_of(protocol).ranks, ranked.ranks)
    assert list(first.lists) == list(second.lists) == ["easy", "medium", "hard"]
    assert (first.reranked, second.reranked) == (5, 4)
    for protocol, before in first.lists.items():
        after = second.list_of(protocol)
        np.testing.assert_array_equal(np.sort(after.ranks[:, :4], axis=1), np.sort(before.ranks[:, :4], axis=1))
        np.testing.assert_array_equal(after.ranks[:, 4:], before.ranks[:, 4:])
    # Tokens of both networks are kept, those of the first as halves and of the second as codes of 128 bits.
    sizes = read_evaluation(ames.folder / "results/evaluations/twice_ames/landmarks.json")
    assert sizes.score("token bytes", "all").value == 8 * 16 * (256 + 16)
    assert sizes.score("token bytes per image", "all").value == 16 * (256 + 16)


def test_both_steps_run_again_where_the_first_one_changes(changed):
    changed.config["experiments"]["twice_ames"]["steps"]["ames"]["similarity_weight"] = 0.75
    changed.write_config()
    assert changed.planned(targets=["results/ames_steps.csv"]) == {
        "rerank": 2, "score_pairs": 1, "evaluate": 1, "table": 1,
    }  # fmt: skip


def test_the_report_holds_tables_and_curves(ames):
    page = "results/ames_tiny.html"
    ames.run(targets=[page])
    ames.snakemake("--report", "results/report.html", targets=[page])
    report = (ames.folder / "results/report.html").read_text()
    assert all(name in report for name in (page, "curves.svg", "Tables", "Training"))


def test_the_sweep_repeats_the_neighbours_where_only_they_count(ames):
    rows = {(row["num_rerank"], row["lambda"]): row for row in read(ames, "sweeps/tiny_ames/landmarks.csv")}
    assert len(rows) == 4
    plain = {cell["protocol"]: cell["measured"] for cell in read(ames, "ames_tiny.csv") if cell["method"] == "CLS"}
    assert rows["5", "1.0"]["medium"] == plain["medium"] and float(rows["5", "1.0"]["easy"]) > 0


def test_a_sweep_over_more_images_than_were_compared_is_refused_when_it_is_planned(changed):
    changed.config["sweep"]["shortlist"] = [3, 6]
    changed.write_config()
    output = changed.snakemake("-n", targets=["results/sweeps/tiny_ames/landmarks.csv"], check=False)
    assert "config.sweep.shortlist: 6 is more than the 5 images that tiny_ames compares" in output


def test_the_calibration_finds_the_settings(ames):
    rows = read(ames, "calibrations/tiny.csv")
    holding = {(row["local_space"], row["image_size"]) for row in rows if row["holds"] == "True"}
    assert ("detector", "112") in holding and not any(kind == "backbone" for kind, _ in holding)


def test_neighbours_have_the_published_layout(ames):
    found = read_neighbors(ames.folder / "results/neighbors/tiny/many.pkl", num_queries=32, num_images=32)
    assert found.ranks.shape == (32, 20)
    assert (found.ranks != np.arange(32)[:, None]).all()
    for dataset, kind in (("many", np.ndarray), ("landmarks", torch.Tensor)):
        assert type(load_pickle(ames.folder / f"results/neighbors/tiny/{dataset}.pkl")) is kind


def test_trained_networks_load(ames):
    models = ames.folder / "results/models"
    assert not AMES.from_checkpoint(models / "ames_tiny/best.pth").binarized
    assert AMES.from_checkpoint(models / "ames_dist_tiny/best.pth").binarized
    with (models / "ames_tiny/history.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert float(row["loss"]) > 0 and 0 <= float(row["validation_map_4"]) <= 1


@pytest.mark.parametrize(
    "path, value, expected",
    [
        (("experiments", "tiny_ames", "steps", "ames", "similarity_weight"), 0.75, RERANK),
        (("experiments", "tiny_ames", "steps", "ames", "temperature"), 0.75, RERANK),
        # Its own scores; those that it shared are the other experiment's.
        (("experiments", "tiny_ames", "steps", "ames", "shortlist"), 4, {"score_pairs": 2, **RERANK}),
        (("experiments", "tiny_ames", "steps", "ames", "num_features"), 8, {"score_pairs": 2, **RERANK}),
    ],
    ids=lambda value: value[-1] if isinstance(value, tuple) else None,
)
def test_one_key(changed, path, value, expected):
    entry = changed.config
    for key in path[:-1]:
        entry = entry[key]
    entry[path[-1]] = value
    changed.write_config()
    assert changed.planned(targets=["results/ames_tiny.csv"]) == expected


def test_features_of_another_dataset_are_refused(changed):
    target = "results/features/adopted/landmarks/queries.h5"
    with h5py.File(changed.folder / ADOPTED, "r+") as adopted:
        features = adopted["features"][:2]
        del adopted["features"]
        adopted["features"] = features
    (changed.folder / "data/downloads/lock.json").unlink()
    shutil.rmtree(changed.folder / "results/features/adopted")
    (changed.folder / "data/downloads/ames_roxford5k_dinov2_query_local.receipt.json").unlink()
    output = changed.snakemake("--cores", "1", targets=[target], check=False)
    assert "hold 2 images, the dataset has 4; they are files of another dataset" in output


def test_photographs_are_searched_by_the_networks_that_were_trained(ames):
    command = [
        sys.executable, "-m", "reprise.cli.main", "search", "landmarks/jpg", "--configfile", "tiny.yaml",
        "--extractor", "dinov2_tiny", "--rerank", "ames", "--topk", "5", "--cores", "2",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=ames.folder, env=ames.environment(), text=True, capture_output=True)
    assert done.returncode == 0, done.stderr[-3000:]
    folder = ames.folder / "results/searches/jpg"
    assert (folder / "galleries/photographs/photographs.html").is_file() and not (folder / "models").exists()
    found = read_ranking(folder / "rankings/photographs/photographs.h5")
    before = read_ranking(folder / "rankings/photographs.search/photographs.h5")
    assert found.reranked == 12 and len(found.query_names) == 12
    # The first of each are the query itself, and the cosine of its global descriptor with itself is 1.
    assert all(before.of(name)[0] == (name, pytest.approx(1, abs=1e-5)) for name in before.query_names)
