"""Fixtures that every test may use."""

import copy
import os
import random
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, settings
from paths import ROOT
from workspace import Workspace

from reprise.mini.releases.mirror import draw_mirror
from reprise.mini.world.sizes import tiny

# A busy machine makes no test fail, and the examples that are drawn are the same in every run, but for those of
# `make test-hostile`.
settings.register_profile(
    "reprise", deadline=None, suppress_health_check=[HealthCheck.too_slow],
    derandomize="REPRISE_HOSTILE" not in os.environ,
)  # fmt: skip
settings.load_profile("reprise")
# Servers of tests are on this machine. Of two spellings, programs differ in which they read first.
os.environ.update(dict.fromkeys(("no_proxy", "NO_PROXY"), "127.0.0.1,localhost"))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup():
    """Let a test draw the same numbers, whichever tests of its process drew some before it."""
    random.seed(0)
    np.random.seed(0)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


@pytest.fixture(scope="session")
def golden():
    """Load an archive of golden arrays by its name."""

    def load(name):
        return np.load(ROOT / "tests" / "data" / "golden" / f"{name}.npz", allow_pickle=False)

    return load


@pytest.fixture(scope="session")
def photos():
    """The folder of the photographs benchmark: jpg/ and gnd_photos.pkl. Not part of the project."""
    folder = Path(os.environ.get("REPRISE_PHOTOS", ROOT.parent / "shared" / "photos"))
    if not (folder / "gnd_photos.pkl").exists():
        pytest.skip(f"no photographs at {folder}; set REPRISE_PHOTOS to the folder of gnd_photos.pkl")
    return folder


@pytest.fixture(scope="session")
def shared():
    """Find a file that is no part of the project, such as weights that may not be redistributed."""

    def find(*parts):
        path = ROOT.parent.joinpath("shared", *parts)
        if not path.exists():
            pytest.skip(f"no file {path}")
        return path

    return find


@pytest.fixture(scope="session")
def tiny_mirror(tmp_path_factory):
    """The mirror of the smallest miniature, with seed 5; not to be written to."""
    folder = tmp_path_factory.mktemp("mirror")
    draw_mirror(folder, seed=5, parameters=tiny())
    return folder


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A workspace in which the table was made; ``finished.pristine`` is a copy that no test touches."""
    space = Workspace(tmp_path_factory.mktemp("workspace"))
    space.run()
    space.pristine = space.folder.with_name(f"{space.folder.name}.pristine")
    space.pristine_config = copy.deepcopy(space.config)
    shutil.copytree(space.folder, space.pristine, symlinks=True)
    return space


@pytest.fixture
def copied(finished, tmp_path):
    """A copy of the finished workspace, which a test may spoil."""
    space = copy.copy(finished)
    space.folder = tmp_path / "workspace"
    space.config = copy.deepcopy(finished.pristine_config)
    shutil.copytree(finished.pristine, space.folder, symlinks=True)
    return space


@pytest.fixture(scope="session")
def miniature(tmp_path_factory):
    """A copy of the project in which the main job ran on the whole miniature; takes some minutes."""
    config = yaml.safe_load((ROOT / "config" / "mini.yaml").read_text())
    space = Workspace(tmp_path_factory.mktemp("miniature"), config)
    features = [("rootsift", "roxford5k"), ("rootsift", "rparis6k"), ("how_r50-", "roxford5k")]
    merged = [f"results/mini/features/{extractor}/{dataset}/database.h5" for extractor, dataset in features]
    space.targets = ["results/mini/table2.csv", "results/mini/rootsift.csv", *merged]
    space.run(targets=space.targets)
    return space
