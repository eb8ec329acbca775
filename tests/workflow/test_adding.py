"""Every example of docs/adding.md, run as it stands there; only folders and sizes are those of the small workspace."""

import csv
import json
import re
import shutil

import numpy as np
import pytest
import yaml
from own_features_data import write_features
from paths import ROOT
from shipped import merge

from reprise.formats.rankings import read_ranking
from reprise.storage import load_checkpoint

pytestmark = pytest.mark.workflow
BLOCK = re.compile(r'^```\w+ title="(.+?)"\n(.*?)^```', re.MULTILINE | re.DOTALL)


# Where the page has data in /data, what the small workspace has.
PLACES = {
    "/data/landmarks": "landmarks", "/data/street_views.txt": "landmarks/list.txt", "/data/folders": "folders",
    "/data/street_queries.txt": "queries.txt", "/data/street_views": "landmarks/jpg", "/data/theirs": "theirs",
    "/data/how_mine.pth": "results/models/how_tiny/best.pth",
}  # fmt: skip
TABLES = [f"results/{name}.csv" for name in ("mine", "orb", "grid", "folders", "first", "votes", "theirs")]
OTHERS = [
    "results/evaluations/orb_alpha_2/landmarks.json",
    "results/galleries/street_views/street_views.html",
    "results/features/how_mine/landmarks/queries.h5",
]


@pytest.fixture(scope="module")
def examples():
    return BLOCK.findall((ROOT / "docs" / "adding.md").read_text())


@pytest.fixture
def added(copied, examples):
    """A workspace with the modules and the overlay of the page."""
    overlay: dict = {}
    for name, text in examples:
        path = copied.folder / name
        if name == "mine.yaml":
            for place, own in PLACES.items():
                text = text.replace(place, own)
            assert not re.search(r"[\s\"]/data", text)
            merge(overlay, yaml.safe_load(text))
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
    folders = copied.folder / "folders"
    for image in sorted((copied.folder / "landmarks" / "jpg").glob("*.jpg")):
        folder = folders / image.stem.partition("_")[0]
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(image, folder / image.name)
    (copied.folder / "queries.txt").write_text("landmark0_0.jpg\t8\t8\t180\t130\nlandmark1_0.jpg\n")
    write_features(copied.folder)
    overlay["datasets"]["landmarks"]["chunks"] = 2
    overlay["tables"]["folders"] = {"like": "orb", "datasets": ["folders"], "protocols": ["classic"]}
    merge(copied.config, overlay)
    copied.write_config()
    return copied


def test_the_page_has_an_example_of_each_kind(examples):
    names = [name for name, _ in examples]
    assert {"my_package/folders.py", "my_package/orb.py", "my_package/votes.py", "mine.yaml"} <= set(names)
    assert {"my_package/reduction.py", "my_package/grid.py", "my_package/means.py"} <= set(names)
    assert any(name.startswith("src/reprise/evaluation/metrics/") for name in names)


def test_what_the_page_declares_is_downloaded_and_nothing_else(added):
    planned = added.planned(targets=[*TABLES, *OTHERS])
    assert not {"download", "unpack", "draw_miniature"} & planned.keys() and planned["import_chunk"] == 3
    theirs = added.planned(targets=["results/features/how_theirs/landmarks/queries.h5"])
    assert theirs == {"download": 1, "extract_chunk": 1, "merge_features": 1}


def test_all_tables_of_the_page_are_made(added):
    added.run(targets=[*TABLES, *OTHERS])
    assert all((added.folder / target).is_file() for target in OTHERS)
    rows = {table: (added.folder / table).read_text().splitlines() for table in TABLES}
    assert "My landmarks" in (added.folder / "results/mine.md").read_text()
    assert all(len(lines) > 1 for lines in rows.values()), rows
    (folders,) = rows["results/folders.csv"][1:]
    assert "classic" in folders and ",0.0" not in folders
    scores = json.loads((added.folder / "results/evaluations/orb/landmarks.json").read_text())["scores"]
    (first,) = [score for score in scores if score["metric"] == "first rank"]
    assert first["value"] >= 1 and first["count"] == 4
    assert any("first rank" in line for line in rows["results/first.csv"])


def test_the_training_of_the_page_is_planned(added):
    added.config["trainings"]["how_r18_margin"] |= {"trunk": None}
    added.write_config()
    planned = added.planned(targets=["results/models/how_r18_margin/best.pth"])
    assert planned["train_how"] == 1


def test_the_system_of_the_page_is_trained(added):
    target = ["results/models/reduction/best.pth"]
    added.run(targets=target)
    with (added.folder / "results/models/reduction/history.csv").open(newline="") as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file)]
    assert len(losses) == 3 and losses[2] < losses[0]
    content = load_checkpoint(added.folder / target[0])
    assert content["W"].shape == (128, 32) and content["epoch"] == 3
    assert added.planned(targets=target) == {}
    module = added.folder / "my_package/reduction.py"
    module.write_text(module.read_text().replace("split(256)", "split(128)"))
    assert added.planned(targets=target) == {"train": 1}


def test_the_scorer_of_the_page_reranks(added):
    added.run(targets=["results/votes.csv"])
    before, after = (
        read_ranking(added.folder / f"results/rankings/{name}/landmarks.h5")
        for name in ("rootsift_votes.search", "rootsift_votes")
    )
    assert after.reranked == 5 and list(after.lists) == ["easy", "medium", "hard"]
    for protocol, ranked in after.lists.items():
        votes = ranked.scores[:, :5]
        assert (np.diff(votes, axis=1) <= 0).all() and (votes == votes.round()).all() and votes.max() > 1, protocol
        assert before.list_of(protocol).ranks.shape == ranked.ranks.shape


def test_an_edit_of_the_scorer_makes_its_step_stale_alone(added):
    added.run(targets=["results/votes.csv"])
    module = added.folder / "my_package" / "votes.py"
    module.write_text(module.read_text().replace("scores >= least", "scores > least"))
    planned = added.planned(targets=["results/votes.csv"])
    assert planned == {"score_pairs": 2, "rerank": 1, "evaluate": 1, "table": 1}


def test_features_without_what_a_scorer_needs_are_refused_before_anything_runs(added):
    module = added.folder / "my_package" / "votes.py"
    module.write_text(module.read_text().replace('{"descriptors"}', '{"affine"}'))
    output = added.snakemake("-n", targets=["results/votes.csv"], check=False)
    assert "config.rerankers.votes.extractor: the scorer my_package.votes needs affine" in output
