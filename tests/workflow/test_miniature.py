"""The whole main job on the whole miniature: as `make mini` runs it."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from reprise.codebooks import Codebook
from reprise.formats.features import open_features
from reprise.formats.rankings import read_ranking
from reprise.mini.releases.parts import PARTS

pytestmark = pytest.mark.workflow

TRANSPORT = {"download", "check_list", "unpack", "unpack_archive", "list_unpacked"}


def rows(miniature, table):
    with (miniature.folder / "results" / "mini" / f"{table}.csv").open() as file:
        return list(csv.DictReader(file))


def test_every_cell_of_table_2_is_measured_and_compared_with_nothing(miniature):
    cells = rows(miniature, "table2")
    assert len(cells) == 3 * 4 * 3
    assert {cell["verdict"] for cell in cells} == {"not comparable"}
    assert {cell["queries"] for cell in cells} == {"16"}
    for cell in cells:
        assert 0 < float(cell["measured"]) < 100
    assert all(c["published"] for c in cells if c["protocol"] == "medium" and not c["dataset"].endswith("+r1m"))


def test_distractors_cost_accuracy_and_memory(miniature):
    cells = {(c["method"], c["n"], c["dataset"], c["protocol"]): c for c in rows(miniature, "table2")}
    for (method, n, dataset, protocol), cell in cells.items():
        if dataset.endswith("+r1m"):
            alone = cells[method, n, dataset.removesuffix("+r1m"), protocol]
            assert float(cell["measured"]) <= float(alone["measured"])
            assert int(cell["index_bytes"]) > int(alone["index_bytes"]) > 0


def test_every_number_of_features_cuts(miniature):
    """In searches and in codebooks, so that each setting of the table acts."""
    for extractor, n in (("how_r18", 60), ("how_r50-", 500)):
        for file in (
            f"{extractor}/roxford5k/database.1-of-2",
            f"{extractor}/rparis6k/database.1-of-2",
            f"{extractor}_single/sfm120k_subset20k/database",
        ):
            with open_features(miniature.folder / f"results/mini/features/{file}.h5") as features:
                assert (features.counts() > n).mean() > 0.5, (file, n)


def test_another_number_of_features_is_another_result(miniature):
    cells = [cell for cell in rows(miniature, "table2") if cell["method"].startswith("-R50")]
    by_number = {n: [cell["measured"] for cell in cells if cell["n"] == n] for n in ("250", "500")}
    assert by_number["250"] != by_number["500"]
    codebooks = [miniature.folder / f"results/mini/codebooks/how_r50-_{name}.h5" for name in ("1000", "2000")]
    first, second = (Codebook.load(path).centroids for path in codebooks)
    assert not np.array_equal(first, second)


def test_rootsift_is_a_good_descriptor_on_the_miniature(miniature):
    measured = {(cell["dataset"], cell["protocol"]): float(cell["measured"]) for cell in rows(miniature, "rootsift")}
    for dataset in ("roxford5k", "rparis6k"):
        easy, medium, hard = (measured[dataset, protocol] for protocol in ("easy", "medium", "hard"))
        assert 45 < medium < 90 and easy > medium > hard


def test_a_second_call_has_nothing_to_do(miniature):
    assert ": nothing to do; " in miniature.snakemake("-n", targets=miniature.targets)


def test_provenance_names_every_download_and_every_job(miniature):
    provenance = json.loads((miniature.folder / "results/mini/table2.provenance.json").read_text())
    manifests = (miniature.folder / f"data/mini/mirror/{part}.json" for part in PARTS)
    mirror = {}
    for manifest in filter(Path.exists, manifests):
        mirror |= json.loads(manifest.read_text())["files"]
    assert "oxbuild_images-v1.tgz" in provenance["downloads"]
    for name, receipt in provenance["downloads"].items():
        assert receipt["sha256"] == mirror[name]["sha256"]
    assert {job["rule"] for job in provenance["jobs"].values()} == {
        *TRANSPORT, "draw_miniature", "train_how", "extract_chunk", "merge_features",
        "extract_passing_chunk", "train_codebook", "aggregate_chunk", "build_index", "search", "evaluate",
    }  # fmt: skip
    assert provenance["files"] == {}
    for job in provenance["jobs"].values():
        assert (job["recipe"]["code"] is None) == (job["rule"] in TRANSPORT)
        assert job["versions"]["numpy"] and job["seconds"] >= 0


def test_what_table_2_does_not_need_is_not_drawn(miniature):
    mirror = miniature.folder / "data/mini/mirror"
    assert {part for part in PARTS if (mirror / f"{part}.json").exists()} == {
        "oxford5k", "paris6k", "sfm120k", "revisitop1m",
    }  # fmt: skip


def test_rankings_can_be_looked_up_by_name(miniature):
    rankings = read_ranking(miniature.folder / "results/mini/rankings/how_r18_1000/roxford5k.h5")
    found = rankings.of(rankings.query_names[0])
    assert len(found) == len(rankings.database_names)
    assert found[0][1] >= found[-1][1]
