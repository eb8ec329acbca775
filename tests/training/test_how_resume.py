"""A training that is killed goes on at the last finished epoch, with the same result to the last bit."""

import os
import signal
import subprocess
import sys

import pytest
import torch
from how_training_data import train
from paths import ROOT

from reprise.networks.how import HOW
from reprise.storage.errors import DataError

# Kills itself at the n-th call of a function: at the end of an epoch, in the midst of one, and after the checkpoint of
# the best epoch was written, but before the state that speaks of it.
KILLED = """
import os, signal, sys
from pathlib import Path
from how_training_data import train
from reprise.training import loop
from reprise.training.how import epochs

def dying(owner, name, calls):
    original = getattr(owner, name)
    def replacement(*arguments, **options):
        dying.calls += 1
        if dying.calls == calls:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*arguments, **options)
    dying.calls = 0
    setattr(owner, name, replacement)

owner = {"loop": loop, "epochs": epochs, "TrainingState": loop.TrainingState}[sys.argv[2]]
dying(owner, sys.argv[3], int(sys.argv[4]))
train(Path(sys.argv[1]))
"""
MOMENTS = {
    "after epoch 1": ("loop", "_show", 2),
    "in the midst of epoch 2": ("epochs", "contrastive_loss", 4 + 3),
    "before the state of epoch 2": ("TrainingState", "save", 1 + 2),
    "at the end of epoch 3": ("loop", "_copy", 1),
}


def weights(folder, name):
    return HOW.from_checkpoint(folder / f"{name}.pth").state_dict()


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("uninterrupted")
    train(folder)
    return folder


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_and_run_again(tmp_path, uninterrupted, moment):
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")])
    command = [sys.executable, "-c", KILLED, str(tmp_path), *map(str, MOMENTS[moment])]
    killed = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not (tmp_path / "best.pth").exists()
    train(tmp_path)
    for name in ("best", "last"):
        found, expected = weights(tmp_path, name), weights(uninterrupted, name)
        assert all(torch.equal(found[key], expected[key]) for key in expected), name
        assert (tmp_path / f"{name}.pth").read_bytes() == (uninterrupted / f"{name}.pth").read_bytes()


def test_a_finished_training_does_nothing_again(uninterrupted, monkeypatch):
    before = (uninterrupted / "best.pth").read_bytes()
    monkeypatch.setattr("reprise.training.how.epochs.Trainer.run", None)
    train(uninterrupted)
    assert (uninterrupted / "best.pth").read_bytes() == before


def test_the_state_of_another_training_is_set_aside(tmp_path, capfd):
    train(tmp_path, epochs=1, validation=None)
    train(tmp_path, epochs=2, validation=None, identity="b", seed=1)
    assert "another" in capfd.readouterr().err
    train(tmp_path / "alone", epochs=2, validation=None, seed=1)
    found, expected = weights(tmp_path, "last"), weights(tmp_path / "alone", "last")
    assert all(torch.equal(found[key], expected[key]) for key in expected)


def test_a_damaged_state_is_refused(tmp_path):
    train(tmp_path, epochs=1, validation=None)
    (state,) = (tmp_path / "state").glob("state*")
    state.write_bytes(state.read_bytes()[:1000])
    with pytest.raises(DataError, match="damaged"):
        train(tmp_path, epochs=2, validation=None)


def test_the_best_checkpoint_belongs_to_the_state(tmp_path):
    train(tmp_path, epochs=1, validation=None)
    (tmp_path / "state" / "best_epoch1.pth").unlink()
    with pytest.raises(DataError, match=r"best_epoch1\.pth: is missing"):
        train(tmp_path, epochs=2, validation=None)
