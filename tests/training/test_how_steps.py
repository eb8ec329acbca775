"""The steps of a training, written out: one epoch, and one validation."""

import numpy as np
import pytest
import torch
from how_training_data import SETTINGS, training_set, validation_set

from reprise.asmk import ASMK, Codebook
from reprise.datasets.sfm120k import TrainingSet
from reprise.evaluation import evaluate_classic, evaluate_revisited
from reprise.images.prepare_how import prepare
from reprise.images.tensors import to_tensor
from reprise.networks.how import HOW
from reprise.storage.errors import DataError
from reprise.training import TrainingSettings, contrastive_loss
from reprise.training.how.epochs import Trainer, parameter_groups
from reprise.training.how.initialisation import initial_network
from reprise.training.how.mining import draw_epoch, mine_negatives, negative_distance
from reprise.training.how.validation import validate

VALUES = {**SETTINGS, "queries": 6, "batch": 2, "validation": {**SETTINGS["validation"], "num_features": 40}}


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> TrainingSet:
    return training_set(tmp_path_factory.mktemp("images"))


@pytest.fixture
def network(data) -> HOW:
    torch.set_num_threads(1)
    return initial_network(TrainingSettings.read(VALUES, "settings"), data.images, None)


def tensor(network, path):
    return to_tensor(prepare(path, None, SETTINGS["image_size"]).pixels, *network.mean_std)


def describe(network, data, images):
    with torch.no_grad():
        return np.concatenate([network(tensor(network, data.images.paths[image])).numpy() for image in images])


def test_an_epoch(data, network):
    settings = TrainingSettings.read(VALUES, "settings")
    other = initial_network(settings, data.images, None)
    optimizer = torch.optim.Adam(parameter_groups(network, 1e-3), weight_decay=1e-4)
    loss, distance = Trainer(settings, data, network, optimizer, 2, "cpu").run(epoch=4)

    draw = draw_epoch(data, queries=6, pool=17, seed=4)
    queries, positives = data.queries[draw.pairs], data.positives[draw.pairs]
    q, p = describe(other, data, queries), describe(other, data, draw.pool)
    negatives = draw.pool[mine_negatives(q, p, data.clusters[queries], data.clusters[draw.pool], 3)]
    q_n = np.stack([describe(other, data, row) for row in negatives])
    assert distance == pytest.approx(negative_distance(q, q_n), rel=1e-4)

    adam = torch.optim.Adam(other.features.parameters(), lr=1e-3, weight_decay=1e-4)
    losses = []
    for batch in draw.order.reshape(3, 2):
        adam.zero_grad()
        total = 0
        for row in batch:
            images = [queries[row], positives[row], *negatives[row]]
            vectors = torch.cat([other(tensor(other, data.images.paths[image])) for image in images]).T
            losses.append(contrastive_loss(vectors, torch.tensor([-1, 1, 0, 0, 0]), 0.8))
            total = total + losses[-1]
        total.backward()
        adam.step()
    assert loss == pytest.approx(sum(loss.item() for loss in losses) / 6, rel=1e-4)
    expected = other.state_dict()
    for name, found in network.state_dict().items():
        torch.testing.assert_close(found, expected[name], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("revisited", [False, True])
def test_a_validation(data, network, tmp_path, revisited):
    settings = TrainingSettings.read(VALUES, "settings").validation
    dataset = validation_set(data)
    if revisited:
        dataset.ground_truth[:] = [
            {"easy": [t["ok"][0]], "hard": [t["ok"][1]], "junk": t["junk"]} for t in dataset.ground_truth
        ]
    score = validate(network, settings, data.images, dataset, image_size=48, folder=tmp_path)

    def features(paths, count, scales):
        found = [
            network.for_inference().forward_local(tensor(network, path), count, scales).descriptors for path in paths
        ]
        return np.concatenate(found), np.repeat(np.arange(len(found)), [len(rows) for rows in found])

    codebook = Codebook.train(features(data.images.paths[:8], 40, (1.0,))[0], 16)
    engine = ASMK(codebook).index(*features(dataset.database.paths, 40, (1.0, 0.5)))
    ranks = engine.search(*features(dataset.queries.paths, 40, (1.0, 0.5))).ranks
    if revisited:
        expected = evaluate_revisited(ranks, dataset.ground_truth)["medium"].map
    else:
        expected = evaluate_classic(ranks, dataset.ground_truth).map
    assert score == pytest.approx(expected, abs=1e-9)


def test_descriptors_that_are_not_finite(data, network):
    with torch.no_grad():
        network.dim_reduction.bias.fill_(torch.nan)
    settings = TrainingSettings.read(VALUES, "settings")
    with pytest.raises(DataError, match="epoch 2: descriptors are not finite; lower the learning rate"):
        Trainer(settings, data, network, None, 2, "cpu").run(epoch=2)
