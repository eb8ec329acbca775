"""Fixtures that every test may use."""

import os
from pathlib import Path

import numpy as np
import pytest
from paths import ROOT


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
