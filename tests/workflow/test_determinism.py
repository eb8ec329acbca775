"""A second run from nothing, with other numbers of threads, gives the same bytes."""

import json

import h5py
import numpy as np
import pytest
import torch
from workspace import TARGET, Workspace

from reprise.untrusted.checkpoints import load_checkpoint

pytestmark = pytest.mark.workflow

EXPERIMENTS = ("sift_tiny", "how_tiny")


@pytest.fixture(scope="module")
def again(tmp_path_factory):
    """A run of its own, on one core where the finished workspace had two."""
    space = Workspace(tmp_path_factory.mktemp("again") / "workspace")
    space.snakemake("--cores", "1")
    return space.folder


def test_a_trained_network_is_equal_to_the_bit(again, finished):
    path = "results/models/how_tiny/best.pth"
    first, second = (load_checkpoint(folder / path) for folder in (again, finished.pristine))
    assert first["threads"] == second["threads"] == 2
    for name, tensor in first["state_dict"].items():
        assert torch.equal(tensor, second["state_dict"][name]), name


def test_the_table_is_the_same_to_the_byte(again, finished):
    assert (again / TARGET).read_bytes() == (finished.pristine / TARGET).read_bytes()


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_average_precisions_are_equal_in_all_digits(again, finished, experiment):
    path = f"results/evaluations/{experiment}/landmarks.json"
    first, second = (json.loads((folder / path).read_text()) for folder in (again, finished.pristine))
    assert first["per_query"]["mAP"]["easy"] and first.pop("recipe") and second.pop("recipe")
    assert first == second


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_codebooks_are_equal_in_all_digits(again, finished, experiment):
    centroids = []
    for folder in (again, finished.pristine):
        with h5py.File(folder / f"results/codebooks/{experiment}.h5") as file:
            centroids.append(file["centroids"][()])
    assert np.array_equal(*centroids)
