"""Training HOW from its initialisation to its files."""

import csv

import numpy as np
import pytest
import torch
from how_training_data import SETTINGS, outputs, train, training_set, validation_set

from reprise.networks.how import HOW
from reprise.storage.errors import DataError
from reprise.training import TrainingSettings, train_how
from reprise.training.how import epochs
from reprise.training.how.epochs import parameter_groups
from reprise.training.how.initialisation import initial_network
from reprise.training.how.training import HowTraining
from reprise.training.selection import best_epoch
from reprise.untrusted.checkpoints import load_checkpoint


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    train(folder)
    return folder


@pytest.fixture(scope="module")
def initial(trained):
    return initial_network(TrainingSettings.read(SETTINGS, "settings"), training_set(trained / "images").images, None)


def rows(folder):
    with (folder / "history.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_checkpoints_load_in_the_published_layout(trained):
    image = torch.zeros(1, 3, 48, 64)
    for name, epoch in (("best", 2), ("last", 3)):
        network = HOW.from_checkpoint(trained / f"{name}.pth")
        assert network.forward_local(image, 10).descriptors.shape == (10, 8)
        content = load_checkpoint(trained / f"{name}.pth")
        assert content["epoch"] == epoch
        assert content["_version"] == "how/2020"
        assert "scheduler" not in content
        assert sorted(content["scores"]["train"]) == list(range(1, epoch + 1))
        assert content["best_score"] == content["scores"]["validation"][2]
        assert content["threads"] == torch.get_num_threads()
        runtime = content["net_params"]["runtime"]
        validation = TrainingSettings.read(SETTINGS, "settings").validation
        assert runtime["image_size"] == SETTINGS["image_size"] != 1024
        assert (runtime["features_num"], runtime["scales"]) == (validation.num_features, validation.scales)


def test_only_the_trunk_learns_and_statistics_stay(trained, initial):
    before, after = initial.state_dict(), HOW.from_checkpoint(trained / "last.pth").state_dict()
    for name, tensor in before.items():
        fixed = name.startswith("dim_reduction") or "running" in name or "num_batches" in name
        assert torch.equal(tensor, after[name]) == fixed, name


def test_history(trained):
    table = rows(trained)
    assert list(table[0]) == ["epoch", "loss", "avg_neg_dist", "learning_rate", "validation_map", "seconds"]
    assert [row["epoch"] for row in table] == ["1", "2", "3"]
    np.testing.assert_allclose([float(row["learning_rate"]) for row in table], [1e-3, 0.99e-3, 0.99**2 * 1e-3])
    assert [bool(row["validation_map"]) for row in table] == [False, True, False]
    assert 0 < float(table[1]["validation_map"]) <= 1
    assert "<svg" in (trained / "curves.svg").read_text()


def test_training_reduces_the_loss(tmp_path):
    train(tmp_path, epochs=6, queries=12, validation=None)
    losses = [float(row["loss"]) for row in rows(tmp_path)]
    assert losses[-1] < 0.8 * losses[0]
    assert load_checkpoint(tmp_path / "best.pth")["epoch"] == 1 + int(np.argmin(losses))


def test_no_epoch_keeps_the_initialisation(tmp_path, initial):
    train(tmp_path, epochs=0)
    assert (tmp_path / "best.pth").read_bytes() == (tmp_path / "last.pth").read_bytes()
    assert rows(tmp_path) == []
    assert (tmp_path / "history.csv").read_text().startswith("epoch,loss,")
    content = load_checkpoint(tmp_path / "best.pth")
    assert content["epoch"] == 0 and content["scheduler"] and content["best_score"] is None
    for name, tensor in HOW.from_checkpoint(tmp_path / "best.pth").state_dict().items():
        assert torch.equal(tensor, initial.state_dict()[name])


def test_without_reduction_and_smoothing(tmp_path):
    train(tmp_path, epochs=1, dim=None, smoothing=None, whitening=None, validation=None)
    network = HOW.from_checkpoint(tmp_path / "best.pth")
    assert network.dim_reduction is None and network.settings.smoothing is None and network.dim == 64


def test_a_trunk_is_started_from(tmp_path):
    torch.manual_seed(5)
    trunk = HOW("resnet18", 3, None)
    names = {"0": "conv1", "1": "bn1", "4": "layer1"}
    state = {".".join((names[n.split(".")[0]], n.split(".", 1)[1])): t for n, t in trunk.features.state_dict().items()}
    torch.save(state, tmp_path / "trunk.pth")
    train(tmp_path, epochs=0, trunk=tmp_path / "trunk.pth")
    found = HOW.from_checkpoint(tmp_path / "best.pth").features.state_dict()
    assert all(torch.equal(tensor, found[name]) for name, tensor in trunk.features.state_dict().items())


def test_accumulated_batches_are_one_batch(tmp_path):
    train(tmp_path / "a", epochs=1, queries=4, batch=4, validation=None)
    train(tmp_path / "b", epochs=1, queries=4, batch=2, accumulation=2, validation=None)
    train(tmp_path / "c", epochs=1, queries=4, batch=2, validation=None)
    a, b, c = (HOW.from_checkpoint(tmp_path / name / "last.pth").state_dict() for name in "abc")
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert not all(torch.equal(a[name], c[name]) for name in a)


def test_the_seed_decides(tmp_path, trained):
    train(tmp_path / "again", data=training_set(trained / "images"))
    assert (tmp_path / "again" / "best.pth").read_bytes() == (trained / "best.pth").read_bytes()
    train(tmp_path / "other", epochs=0, seed=1)
    a, b = (HOW.from_checkpoint(tmp_path / name / "best.pth").features[0].weight for name in ("again", "other"))
    assert not torch.equal(a, b)


def test_mixed_precision(tmp_path):
    train(tmp_path / "mixed", epochs=1, validation=None, mixed_precision=True)
    train(tmp_path / "full", epochs=1, validation=None)
    mixed, full = (float(rows(tmp_path / name)[0]["loss"]) for name in ("mixed", "full"))
    assert mixed != full
    assert mixed == pytest.approx(full, rel=0.1)


def test_parameter_groups():
    network = HOW("resnet18", 3, 8)
    trunk, reduction = parameter_groups(network, 5e-6)
    assert trunk["lr"] == 5e-6 and len(trunk["params"]) == len(list(network.features.parameters()))
    assert reduction["lr"] == 0 and len(reduction["params"]) == 2
    assert len(parameter_groups(HOW("resnet18", 3, None), 1.0)) == 1


@pytest.mark.parametrize(
    "losses, scores, best",
    [
        ([3, 2, 1], {}, 3),
        ([1, 2, 1], {}, 1),  # of equals the first
        ([3, 2, 1, 0.5, 0.9], {5: 0.1}, 5),  # the first validation replaces all epochs before
        ([3, 2, 1, 0.5, 0.9, 0.1], {5: 0.1}, 5),
        ([1] * 10, {5: 0.4, 10: 0.4}, 5),
        ([1] * 10, {5: 0.4, 10: 0.5}, 10),
    ],
)
def test_best_epoch(losses, scores, best):
    history = [{"epoch": i, "loss": loss, "validation_map": scores.get(i)} for i, loss in enumerate(losses, 1)]
    assert best_epoch(history, HowTraining.criteria) == best


def test_a_loss_that_is_not_finite_stops_and_keeps_the_last_epoch(tmp_path, monkeypatch):

    calls = []

    def loss_with_nan(vectors, labels, margin):
        calls.append(None)
        loss = original(vectors, labels, margin)
        return loss * (torch.nan if len(calls) == 4 + 3 else 1)  # the third tuple of the second epoch

    original = epochs.contrastive_loss
    monkeypatch.setattr(epochs, "contrastive_loss", loss_with_nan)
    message = r"epoch 2, batch 2, the tuple of the query .*_0\.png: the loss is nan; lower the learning rate"
    with pytest.raises(DataError, match=rf"{message}.*is kept in {tmp_path / 'state'}"):
        train(tmp_path, validation=None)
    kept = load_checkpoint(tmp_path / "state" / "best_epoch1.pth")
    assert kept["epoch"] == 1
    monkeypatch.setattr(epochs, "contrastive_loss", original)
    train(tmp_path, validation=None)
    assert len(rows(tmp_path)) == 3


def test_weights_that_diverge_are_found(tmp_path):
    with pytest.raises(DataError, match=r"epoch 1, batch \d, the tuple of the query .*(not finite|nan|inf)"):
        train(tmp_path, learning_rate=1e30, validation=None)


def test_an_image_that_is_missing(tmp_path):
    data = training_set(tmp_path / "images")
    data.images.paths[7].unlink()
    with pytest.raises(DataError, match="2_1.png: there is no such image"):
        train(tmp_path, data=data)


def test_no_pair(tmp_path):
    data = training_set(tmp_path / "images")
    empty = np.zeros(0, np.int64)
    with pytest.raises(DataError, match="no query has a positive"):
        train(tmp_path, data=type(data)(data.images, data.clusters, empty, empty))


def test_fewer_tuples_than_a_batch(tmp_path):
    with pytest.raises(DataError, match="batch: is 99, and an epoch has 12 tuples; lower batch"):
        train(tmp_path, batch=99, queries=99)


def test_too_few_clusters(tmp_path):
    with pytest.raises(DataError, match="the pool has 5 others, and 6 negatives"):
        train(tmp_path, negatives=6)


def test_validation_needs_queries(tmp_path):
    data = training_set(tmp_path / "images")
    settings = TrainingSettings.read(SETTINGS, "settings")
    with pytest.raises(DataError, match="no dataset with queries is given"):
        train_how(settings, data, None, trunk=None, identity="a", device="cpu", **outputs(tmp_path))


def test_validation_without_positives(tmp_path):
    data = training_set(tmp_path / "images")
    validation = validation_set(data)
    for truth in validation.ground_truth:
        truth["ok"] = []
    settings = TrainingSettings.read({**SETTINGS, "epochs": 2}, "settings")
    with pytest.raises(DataError, match="none of the queries has a positive"):
        train_how(settings, data, validation, trunk=None, identity="a", device="cpu", **outputs(tmp_path))
