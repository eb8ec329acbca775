"""What works with the required packages alone, and what is said where an extra is missing."""

import subprocess
import sys

import pytest

# Of what is installed, only Python itself and the required packages (packaging is one of faiss) can be imported.
BARE = """
import importlib.machinery, sys
PACKAGES = {"reprise", "faiss", "h5py", "numpy", "packaging", "tqdm"}
class Bare(importlib.machinery.PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        allowed = name.partition(".")[0] in PACKAGES | sys.stdlib_module_names
        return super().find_spec(name, path, target) if allowed else None
sys.meta_path[sys.meta_path.index(importlib.machinery.PathFinder)] = Bare
"""
CORE = """
import pickle
import numpy as np
from reprise.asmk import ASMK, AggregatedFiles, Codebook, InvertedFile, Rankings, sample_rows, search_together
from reprise.codebooks import Codebook
from reprise.evaluation import evaluate_revisited, fpr95, recall_at
from reprise.formats.features import open_features
from reprise.formats.feature_writing import feature_writer
from reprise.formats.arrays import LocalFeatures
from reprise.formats.aggregated import read_aggregated
from reprise.formats.rankings import ALL, RankedList, Ranking, read_ranking, write_ranking
from reprise.storage import load_pickle

descriptors = np.random.default_rng(0).standard_normal((200, 32), dtype=np.float32)
with feature_writer("features.h5", 32, {}) as writer:
    for image in range(10):
        rows = descriptors[20 * image : 20 * image + 20]
        writer.append(f"{image}", LocalFeatures(rows, np.ones(20, "f4"), np.ones((20, 2), "f4"), np.ones(20, "f4")))
with open_features("features.h5") as features:
    descriptors, image_ids = features.read_rows(0, 10)
Codebook.train(descriptors, 8).save("codebook.h5")
engine = ASMK(Codebook.load("codebook.h5"), query_assignments=1).index(descriptors, image_ids)
engine.save("index")
rankings = ASMK.open("index").search(descriptors, image_ids, topk=3)
assert rankings.ranks[:, 0].tolist() == list(range(10))
truth = [{"easy": [image], "hard": [], "junk": []} for image in range(10)]
assert evaluate_revisited(rankings.ranks, truth)["easy"].map == 1
names = [f"{image}" for image in range(10)]
write_ranking("ranking.h5", Ranking(names, names, {ALL: RankedList(rankings.ranks, rankings.scores)}), {})
assert read_ranking("ranking.h5").of("7")[0][0] == "7"
open("truth.pkl", "wb").write(pickle.dumps(truth))
assert load_pickle("truth.pkl") == truth
"""

# Imports all modules of packages, without what other extras than the first argument have.
WITH_ONE_EXTRA = """
import importlib, importlib.machinery, pkgutil, sys
from reprise.extras import EXTRAS
extra, *packages = sys.argv[1:]
MISSING = {name for names in EXTRAS.values() for name in names} - set(EXTRAS[extra])
class Finder(importlib.machinery.PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in MISSING else super().find_spec(name, path, target)
sys.meta_path[sys.meta_path.index(importlib.machinery.PathFinder)] = Finder
for package in packages:
    folder = importlib.import_module(f"reprise.{package}").__path__
    for module in pkgutil.walk_packages(folder, f"reprise.{package}."):
        importlib.import_module(module.name)
"""


def run(code, folder, *arguments):
    return subprocess.run([sys.executable, "-c", BARE + code, *arguments], cwd=folder, text=True, capture_output=True)


def test_search_engines_metrics_and_formats_need_the_required_packages_only(tmp_path):
    result = run(CORE, tmp_path)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    "code, importing, missing, extra",
    [
        ("import reprise.networks", "reprise.networks.ames", "torch", "torch"),
        ("import reprise.extractors", "reprise.", "pydantic", "torch"),
        ("import reprise.bow; reprise.bow.BagOfWords", "reprise.bow.bag_of_words", "scipy", "workflow"),
        ("import reprise; reprise.search", "reprise.", "", "workflow"),
        ("import reprise.localization.poses", "reprise.", "", "localization"),
        ("import reprise.localization.colmap as c; c.load_pycolmap()", "", "pycolmap", "localization"),
    ],
)
def test_a_missing_package_is_named_with_its_extra(tmp_path, code, importing, missing, extra):
    last = run(code, tmp_path).stderr.splitlines()[-1]
    assert importing in last and f"needs {missing}" in last
    assert f"which is not installed; run: pip install 'reprise[{extra}]'" in last


def test_others_who_look_for_a_package_are_left_alone(tmp_path):
    code = """
import importlib.util, reprise
assert importlib.util.find_spec("torch") is None
try:
    import torch
except ImportError as error:
    assert type(error) is ModuleNotFoundError and "reprise" not in str(error)
"""
    result = run(code, tmp_path)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("arguments", [["search", "photos"], ["explain"], []])
def test_the_command_says_in_one_line_which_extra_it_needs(tmp_path, arguments):
    result = run("from reprise.__main__ import main; sys.exit(main())", tmp_path, *arguments)
    assert result.returncode == 1 and result.stderr.count("\n") == 1
    assert result.stderr.startswith("reprise: ") and result.stderr.endswith("pip install 'reprise[workflow]'\n")


def test_the_command_knows_its_version_without_any_extra(tmp_path):
    result = run("from reprise.__main__ import main; sys.exit(main())", tmp_path, "--version")
    assert result.stdout.startswith("reprise ") and result.stdout.split()[1][0].isdigit()


@pytest.mark.parametrize(
    "extra, packages",
    [
        ("torch", ["networks", "extractors", "detectors", "descriptors", "geometry", "images", "matching", "training"]),
        ("workflow", ["cli", "pipeline", "downloads", "datasets", "reporting", "bow", "hamming"]),
    ],
)
def test_an_extra_has_all_that_its_packages_import(extra, packages):
    command = [sys.executable, "-c", WITH_ONE_EXTRA, extra, *packages]
    result = subprocess.run(command, text=True, capture_output=True)
    assert result.returncode == 0, result.stderr
