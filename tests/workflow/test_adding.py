"""Every example of docs/adding.md, run as it stands there; only folders and sizes are those of the small workspace."""

import csv
import json
import re
import shutil
import subprocess
import sys

import pytest
import yaml
from paths import ROOT
from shipped import merge

from reprise.storage import load_checkpoint

pytestmark = pytest.mark.workflow
BLOCK = re.compile(r'^```\w+ title="(.+?)"\n(.*?)^```', re.MULTILINE | re.DOTALL)


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
            merge(overlay, yaml.safe_load(text))
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
    folders = copied.folder / "folders"
    for image in sorted((copied.folder / "landmarks" / "jpg").glob("*.jpg")):
        folder = folders / image.stem.partition("_")[0]
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(image, folder / image.name)
    overlay["datasets"]["landmarks"] |= {"folder": "landmarks", "chunks": 2}
    overlay["datasets"]["street_views"] |= {"folder": "landmarks/jpg", "list": "landmarks/list.txt"}
    overlay["datasets"]["folders"]["folder"] = "folders"
    overlay["codebooks"]["rootsift"] = overlay["codebooks"]["street_views"]
    overlay["experiments"]["rootsift"] = {"num_features": 300}
    overlay["extractors"]["rootsift"] = {"image_size": None}
    overlay["tables"]["folders"] = {"like": "orb", "datasets": ["folders"], "protocols": ["classic"]}
    merge(copied.config, overlay)
    copied.write_config()
    return copied


def test_the_page_has_an_example_of_each_kind(examples):
    names = [name for name, _ in examples]
    assert {"my_package/folders.py", "my_package/orb.py", "my_package/votes.py", "rerank.py", "mine.yaml"} <= set(names)
    assert "my_package/reduction.py" in names
    assert any(name.startswith("src/reprise/evaluation/metrics/") for name in names)


def test_all_tables_of_the_page_are_made(added):
    tables = [f"results/{name}.csv" for name in ("mine", "orb", "folders", "first")]
    added.run(targets=[*tables, "results/evaluations/orb_alpha_2/landmarks.json"])
    rows = {table: (added.folder / table).read_text().splitlines() for table in tables}
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


def test_the_scorer_of_the_page_finds_the_image_itself(added):
    result = subprocess.run(
        [sys.executable, "rerank.py"], cwd=added.folder, env=added.environment(), text=True, capture_output=True
    )
    assert result.stdout.strip() == "3", result.stderr
