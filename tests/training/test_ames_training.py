"""Training of AMES on synthetic features, from scratch and distilled."""

import csv
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from ames_training_data import DIM, ROWS, neighbors_of, training_labels, write_features

from reprise.formats.features import open_features
from reprise.networks.ames import AMES
from reprise.storage.errors import DataError
from reprise.training.ames import training
from reprise.training.ames.batches import read_batches
from reprise.training.ames.sampling import batches
from reprise.training.ames.settings import AmesSettings
from reprise.training.ames.training import train_ames
from reprise.training.itq.quantisation import fit_itq
from reprise.untrusted.checkpoints import load_checkpoint

LABELS = training_labels()


def changed(settings, **changes):
    return AmesSettings(**{**dict(settings), **changes})


SETTINGS = AmesSettings(
    epochs=2, learning_rate=3e-4, batch_images=12, descriptors=ROWS, min_descriptors=5, candidates=40
)


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    return write_features(tmp_path_factory.mktemp("features") / "local.h5", LABELS)


def train(folder, features, settings=SETTINGS, *, identity="a", labels=LABELS, neighbors=None, **arguments):
    neighbors = neighbors_of(LABELS) if neighbors is None else neighbors
    outputs = {"best": folder / "ames.pt", "history": folder / "log.csv", "curves": folder / "curves.svg"}
    return train_ames(
        settings, features=features, neighbors=neighbors, labels=labels, **outputs, state=folder / "state",
        identity=identity, device="cpu", **arguments,
    )  # fmt: skip


def rows_of(folder):
    with (folder / "log.csv").open() as file:
        return [{key: float(value) if value else None for key, value in row.items()} for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def trained(tmp_path_factory, features):
    """A network after 204 steps, 17 epochs of 12."""
    folder = tmp_path_factory.mktemp("trained")
    train(folder, features, changed(SETTINGS, epochs=17, learning_rate=5e-4))
    return folder


def test_200_steps_without_a_teacher_decrease_the_loss(trained):
    rows = rows_of(trained)
    assert len(rows) == 17 and rows[-1]["learning_rate"] == 0
    assert np.mean([row["loss"] for row in rows[-3:]]) < 0.6 * rows[0]["loss"]
    assert np.mean([row["accuracy"] for row in rows[-3:]]) > 0.8
    assert all(row["distillation"] is None and row["loss"] == row["cross_entropy"] for row in rows)
    figure = (trained / "curves.svg").read_text()
    assert "training loss" in figure and "validation" not in figure


def test_the_checkpoint_is_of_the_published_form(trained, features):
    content = load_checkpoint(trained / "ames.pt")
    assert set(content) == {"state", "optim", "epoch", "threads"} and content["epoch"] == 17
    network = AMES.from_checkpoint(trained / "ames.pt")
    assert network.local_dim == DIM and not network.binarized and len(content["state"]) == 97


def test_200_steps_of_distillation_decrease_both_losses_and_reach_the_binarization(trained, features, tmp_path):
    X = np.random.default_rng(0).standard_normal((500, DIM)).astype(np.float32)
    W = np.concatenate([fit_itq(X, DIM), np.random.default_rng(1).standard_normal((DIM, 128 - DIM)) / 5], axis=1)
    binarizer = tmp_path / "W.pt"
    torch.save({"W": torch.from_numpy(W).float()}, binarizer)
    settings = changed(SETTINGS, epochs=17, binarized=True)
    network = train(tmp_path, features, settings, teacher=trained / "ames.pt", binarizer=binarizer)
    rows = rows_of(tmp_path)
    assert rows[-1]["distillation"] < 0.6 * rows[0]["distillation"]
    assert rows[-1]["loss"] < 0.6 * rows[0]["loss"]
    assert rows[-1]["loss"] == pytest.approx(rows[-1]["cross_entropy"] + 10 * rows[-1]["distillation"])
    assert not network.training and AMES.from_checkpoint(tmp_path / "ames.pt").binarized
    moved = (network.remap_local[0].W.detach().numpy() - W).astype(np.float32)
    # Weight decay alone scales; the gradient moves columns against each other.
    assert np.abs(moved + W * (np.abs(moved).mean() / np.abs(W).mean())).max() > 1e-4


KILLED = """
import sys, os, signal
sys.path[:0] = [{tests!r}, {tests!r} + "/training"]
import torch
torch.set_num_threads(1)
from pathlib import Path
import test_ames_training as module
from reprise.training.ames import training
finished = training.AmesTraining.train
def dying(self, epoch):
    row = finished(self, epoch)
    if epoch == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return row
training.AmesTraining.train = dying
module.train(Path({folder!r}), {features!r}, module.SETTINGS.__class__(**{{**vars(module.SETTINGS), "epochs": 4}}))
"""


def test_a_killed_training_goes_on_to_the_same_bits(features, tmp_path):
    settings = changed(SETTINGS, epochs=4)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        whole = train(tmp_path / "whole", features, settings)
        tests = str(Path(__file__).parents[1])
        program = KILLED.format(tests=tests, folder=str(tmp_path / "killed"), features=str(features))
        (tmp_path / "killed").mkdir()
        result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env={**os.environ})
        assert result.returncode == -signal.SIGKILL, result.stderr
        state = load_checkpoint(tmp_path / "killed" / "state" / "state.pt")
        assert len(state["history"]) == 2 and not (tmp_path / "killed" / "ames.pt").exists()
        resumed = train(tmp_path / "killed", features, settings)
    finally:
        torch.set_num_threads(threads)
    for (name, expected), found in zip(whole.state_dict().items(), resumed.state_dict().values(), strict=True):
        assert torch.equal(expected, found), name
    without_time = [[{**row, "seconds": 0} for row in rows_of(tmp_path / folder)] for folder in ("whole", "killed")]
    assert without_time[0] == without_time[1]
    assert (tmp_path / "whole" / "curves.svg").read_bytes() == (tmp_path / "killed" / "curves.svg").read_bytes()


def test_the_state_of_another_recipe_is_set_aside(features, tmp_path):
    train(tmp_path, features, changed(SETTINGS, epochs=1), identity="first")
    first = AMES.from_checkpoint(tmp_path / "ames.pt").state_dict()
    train(tmp_path, features, changed(SETTINGS, epochs=1, seed=1), identity="second")
    second = AMES.from_checkpoint(tmp_path / "ames.pt").state_dict()
    assert not torch.equal(first["classifier.weight"], second["classifier.weight"])
    assert sorted(path.name for path in (tmp_path / "state").iterdir()) == ["state.of-another-recipe.pt", "state.pt"]


def test_accumulation_changes_nothing_but_rounding(features, tmp_path):
    settings = changed(SETTINGS, epochs=1)
    losses, gradients = [], []
    for parts in (1, 3):
        train(tmp_path / str(parts), features, changed(settings, accumulation=parts))
        losses.append(rows_of(tmp_path / str(parts))[0]["loss"])
        gradients.append(first_gradients(features, changed(settings, accumulation=parts)))
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)
    # AdamW steps by about the learning rate whatever the size of a gradient, so that rounding may turn a step around:
    # gradients are compared, and not the weights after them.
    largest = max(gradient.abs().max() for gradient in gradients[0])
    for one, three in zip(*gradients, strict=True):
        torch.testing.assert_close(one, three, rtol=1e-4, atol=1e-5 * largest)


def first_gradients(features, settings):
    """The gradients of the first batch, before the step that they make."""
    with open_features(features) as opened:
        system = training.AmesTraining(settings, opened, neighbors_of(LABELS), LABELS, None, None, None, "cpu")
        system._optimizer.step = lambda: None
        triplets = next(batches(system._sampler.epoch(settings.seed, 0), settings.batch_images))
        (batch,) = read_batches(opened, [triplets], np.array([[ROWS, ROWS]]), None)
        system._step(batch, "first batch")
    return [parameter.grad.clone() for parameter in system.network.parameters()]


def test_mixed_precision_trains(features, tmp_path):
    network = train(tmp_path, features, changed(SETTINGS, epochs=1, batch_images=48, mixed_precision=True))
    assert all(parameter.dtype == torch.float32 for parameter in network.parameters())
    assert 0.3 < rows_of(tmp_path)[-1]["loss"] < 1


def test_a_loss_that_is_not_finite_names_the_batch_and_keeps_the_last_state(features, tmp_path, monkeypatch):
    whole = training.triplet_loss

    def broken(network, batch, teacher, beta):
        loss = whole(network, batch, teacher, beta)
        broken.calls += 1
        return replace(loss, total=loss.total * float("nan")) if broken.calls == 15 else loss

    broken.calls = 0
    monkeypatch.setattr(training, "triplet_loss", broken)
    with pytest.raises(
        DataError, match=r"epoch 2, batch 3: the loss is nan, with the images .*\[\[\d+, \d+, \d+\],.*learning_rate"
    ):
        train(tmp_path, features)
    monkeypatch.undo()
    assert len(load_checkpoint(tmp_path / "state" / "state.pt")["history"]) == 1
    assert not (tmp_path / "ames.pt").exists()
    train(tmp_path, features)
    assert len(rows_of(tmp_path)) == 2


def test_inputs_that_do_not_fit_are_refused(features, tmp_path):
    cases = [
        ({"labels": LABELS[:-1]}, "features: of 48 images, and there are 47 labels"),
        ({"neighbors": neighbors_of(LABELS[:-1])}, "labels: there are 48, and neighbours of 47 images"),
        ({"settings": changed(SETTINGS, descriptors=13)}, "descriptors: is 13, and the features have 12 per image"),
        ({"labels": np.arange(48)}, "no image of 48 has 5 neighbours of its own label"),
    ]
    for arguments, message in cases:
        with pytest.raises(DataError, match=message):
            train(tmp_path, features, **arguments)
    AMES(DIM + 1).save_checkpoint(tmp_path / "wide.pt")
    with pytest.raises(DataError, match=r"wide.pt: the teacher takes descriptors of 25 dimensions, .* have 24"):
        train(tmp_path, features, teacher=tmp_path / "wide.pt")


def test_settings_are_checked():
    assert AmesSettings.read({}, "settings") == AmesSettings()
    for values, message in (
        ({"epoch": 3}, "unknown key 'epoch'; did you mean 'epochs'"),
        ({"batch_images": 100}, "batch_images: 100 should be a multiple of 3"),
        ({"descriptors": 10}, "min_descriptors: has to be below descriptors, which is 10"),
        ({"learning_rate": 0}, "learning_rate: 0 should be greater than 0"),
        ({"binarized": 1}, "binarized: 1 should be a valid boolean"),
    ):
        with pytest.raises(DataError, match=f"settings.*{message}"):
            AmesSettings.read(values, "settings")
        with pytest.raises(DataError, match=f"AmesSettings.*{message}"):
            AmesSettings(**values)
