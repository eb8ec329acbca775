"""Training HardNet on a small set of patches."""

import csv

import numpy as np
import pytest
import torch
from patches_data import small_tour

from reprise.evaluation import fpr95
from reprise.networks import HardNet
from reprise.networks.describing import describe_patches
from reprise.storage.errors import DataError
from reprise.training.hardnet import hardnet_loss as losses
from reprise.training.hardnet import training
from reprise.training.hardnet.sampling import Flips, TripletSampler, turned
from reprise.training.hardnet.settings import HardNetSettings
from reprise.training.hardnet.training import HardNetTraining, learning_rate, train_hardnet
from reprise.training.hardnet.validation import false_positive_rates, pair_distances, prepared
from reprise.training.loop import TrainingFiles

TOUR = small_tour()
OTHER = small_tour(points=25, seed=1, pairs=120)
SETTINGS = HardNetSettings(batch_pairs=8, pairs=20, epochs=3, learning_rate=1.0)


def files(folder):
    return TrainingFiles(folder / "best.pth", folder / "history.csv", folder / "curves.svg", folder / "state")


def train(folder, settings=SETTINGS, identity="a"):
    return train_hardnet(settings, TOUR, {"other": OTHER}, files(folder), identity=identity, device="cpu")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    train(folder)
    return folder


def rows_of(folder):
    with (folder / "history.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_history_and_checkpoint(trained):
    rows = rows_of(trained)
    assert [list(row) for row in rows] == [["epoch", "loss", "learning_rate", "fpr95_other", "seconds"]] * 3
    network = HardNet.from_checkpoint(trained / "best.pth")
    assert float(rows[-1]["fpr95_other"]) == pytest.approx(
        100 * false_positive_rates(network, {"o": OTHER}, "cpu")["o"]
    )
    assert torch.load(trained / "best.pth", weights_only=True)["epoch"] == 3
    assert "FPR95" in (trained / "curves.svg").read_text()


def test_fpr95_is_that_of_described_patches(trained):
    network = HardNet.from_checkpoint(trained / "best.pth")
    descriptors = describe_patches(network, OTHER.patches)
    first, second = descriptors[OTHER.pairs[:, :2].T]
    distances = np.linalg.norm(first - second, axis=1)
    np.testing.assert_allclose(pair_distances(network, OTHER, "cpu"), distances, atol=1e-4)
    assert not network.training
    assert 0 <= fpr95(OTHER.pairs[:, 2], distances) < 1


def plain_training(settings):
    """Weights after all epochs, by the definitions: momentum with dampening is written out."""
    torch.manual_seed(settings.seed)
    network = HardNet(settings.dropout, settings.gain)
    sampler, flips = TripletSampler(TOUR.labels, settings.batch_pairs, settings.seed), Flips(settings.seed)
    buffers, step = None, 0
    for epoch in range(1, settings.epochs + 1):
        triplets, turns = sampler.draw(settings.pairs), torch.from_numpy(flips.draw(settings.pairs))
        torch.manual_seed(int(np.random.SeedSequence([settings.seed, epoch]).generate_state(1)[0]))
        for start in range(0, settings.pairs, settings.batch_pairs):
            rows = slice(start, start + settings.batch_pairs)
            both = [prepared(torch.from_numpy(TOUR.patches[triplets[rows, side]])) for side in (0, 1)]
            a, p = (network(turned(patches, turns[rows])) for patches in both)
            distances = ((a[:, None] - p).square().sum(dim=2) + 1e-6).sqrt() + 1e-8
            others = distances + 10 * torch.eye(len(a))
            negative = torch.minimum(others.min(dim=1).values, others.min(dim=0).values)
            loss = (1 + distances.diagonal() - negative).clamp(min=0).mean()
            network.zero_grad()
            loss.backward()
            with torch.no_grad():
                gradients = [w.grad + settings.weight_decay * w for w in network.parameters()]
                buffers = gradients if buffers is None else [
                    0.9 * old + 0.1 * new for old, new in zip(buffers, gradients, strict=True)
                ]  # fmt: skip
                for weight, buffer in zip(network.parameters(), buffers, strict=True):
                    weight -= learning_rate(settings, step) * buffer
            step += 1
    return network.state_dict()


def test_steps_are_the_published_ones(tmp_path):
    # With larger steps, the last digits of a processor grow to what the tolerance has to tell apart.
    settings = SETTINGS.model_copy(update={"epochs": 2, "learning_rate": 0.001})
    found = train(tmp_path, settings).state_dict()
    for name, expected in plain_training(settings).items():
        torch.testing.assert_close(found[name], expected, rtol=1e-4, atol=1e-6)
    assert found["features.1.num_batches_tracked"] == 2 * 2 * 3  # anchors and positives apart, in each of three batches


def test_interrupted_trainings_end_with_the_same_bits(trained, tmp_path, monkeypatch):
    step = HardNetTraining._step
    calls = []

    def killed(self, *arguments):
        calls.append(1)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return step(self, *arguments)

    monkeypatch.setattr(HardNetTraining, "_step", killed)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path)
    assert len(rows_of(tmp_path)) == 1
    train(tmp_path)
    assert len(calls) == 5 + 6  # the second epoch from its beginning, and the third
    assert (tmp_path / "best.pth").read_bytes() == (trained / "best.pth").read_bytes()
    for ours, theirs in zip(rows_of(tmp_path), rows_of(trained), strict=True):
        assert {**ours, "seconds": ""} == {**theirs, "seconds": ""}


def test_sets_are_joined_and_none_has_to_be_tested_on(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "read_patches", lambda description, shrunk: {"a": TOUR, "b": OTHER}[description])
    seen = []
    run = training.run_training
    monkeypatch.setattr(training, "run_training", lambda system, *rest: (seen.append(system), run(system, *rest)))
    description = {**SETTINGS.model_dump(), "epochs": 1, "dataset": "a", "also": {"more": "b"}, "validation": {}}
    training.train(description, files(tmp_path), identity="a", workers=1)
    assert len(seen[0]._patches) == len(TOUR.labels) + len(OTHER.labels)
    assert list(rows_of(tmp_path)[0]) == ["epoch", "loss", "learning_rate", "seconds"]


def test_a_loss_that_is_not_finite_ends_the_training(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "hardnet_loss", lambda *a, **k: losses.hardnet_loss(*a, **k) * torch.nan)
    with pytest.raises(DataError, match=r"epoch 1, batch 1: the loss is nan; lower learning_rate.*state"):
        train(tmp_path)


def test_weights_that_are_not_finite_end_the_training(tmp_path, monkeypatch):
    system = HardNetTraining(SETTINGS, TOUR, {}, "cpu")
    monkeypatch.setattr(system, "_step", lambda *a: 1.0)
    system.network.features[0].weight.data[0] = torch.inf
    with pytest.raises(DataError, match=r"epoch 1: features\.0\.weight is not finite"):
        system.train(1)


@pytest.mark.parametrize(
    "changes",
    [
        {"mining": "average", "loss": "softmax"},
        {"mining": "random", "loss": "contrastive", "flips": False},
        {"mining": "explicit", "decorrelation": 1.0},
        {"mining": "l2net", "orthogonality": 1.0},
    ],
    ids=lambda changes: changes["mining"],
)
def test_variants_reduce_their_loss(changes):
    settings = SETTINGS.model_copy(update={"pairs": 24, "learning_rate": 0.3, **changes})
    system = HardNetTraining(settings, TOUR, {}, "cpu")
    rows = [system.train(epoch) for epoch in range(1, 4)]
    assert rows[2]["loss"] < rows[0]["loss"]


def test_training_helps():
    settings = SETTINGS.model_copy(update={"pairs": 160, "batch_pairs": 16})
    system = HardNetTraining(settings, TOUR, {"other": OTHER}, "cpu")
    before = false_positive_rates(system.network, {"other": OTHER}, "cpu")["other"]
    for epoch in (1, 2, 3):
        system.train(epoch)
    assert false_positive_rates(system.network, {"other": OTHER}, "cpu")["other"] < before


def test_settings_that_leave_a_pair_alone():
    with pytest.raises(DataError, match="pairs: 33 leave one for the last step of 16"):
        HardNetSettings(pairs=33, batch_pairs=16)
