"""The loss of AMES, and the batches that it is computed on."""

import numpy as np
import pytest
import torch
from ames_training_data import DIM, ROWS, training_labels, write_features
from torch.nn import functional

from reprise.formats.features import open_features
from reprise.networks.ames import AMES
from reprise.training.ames.batches import draw_counts, read_batches
from reprise.training.ames.loss import triplet_loss

TRIPLETS = np.array([[0, 3, 5], [7, 0, 2], [9, 9, 1]])


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    return open_features(write_features(tmp_path_factory.mktemp("features") / "local.h5", training_labels(3, 4)))


@pytest.fixture(scope="module")
def networks():
    torch.manual_seed(0)
    return AMES(DIM, binarized=True).train(), AMES(DIM).eval()


def read(features, counts, everything=None):
    (batch,) = read_batches(features, [TRIPLETS], np.array([counts]), everything)
    return batch.to("cpu")


def plain_loss(network, features, queries, database, teacher=None, beta=10.0):
    """Pair by pair, with all rows that the file has and masks over those that are padding."""
    logits, differences = [], []
    for anchor, *others in TRIPLETS:
        for other in others:
            sides = [features.read(np.array([image]), ROWS) for image in (anchor, other)]
            values = [torch.from_numpy(side[0]).float() for side in sides]
            masks = [torch.arange(ROWS)[None] >= int(side[1][0]) for side in sides]
            a, b = queries, database
            logit, tokens = network(values[0][:, :a], masks[0][:, :a], values[1][:, :b], masks[1][:, :b], True)
            logits.append(logit)
            if teacher is not None:
                with torch.no_grad():
                    _, all_tokens = teacher(values[0], masks[0], values[1], masks[1], True)
                places = [*range(a + 1), *range(ROWS + 1, ROWS + 1 + b)]
                differences.append(((tokens - all_tokens[:, places]) ** 2).mean())
    targets = torch.tensor([1.0, 0.0]).repeat(len(TRIPLETS))
    cross_entropy = functional.binary_cross_entropy_with_logits(torch.cat(logits), targets)
    return cross_entropy + (beta * torch.stack(differences).mean() if teacher is not None else 0)


@pytest.mark.parametrize("counts", [(4, 9), (11, 5)])
def test_without_a_teacher_it_is_the_cross_entropy(features, networks, counts):
    loss = triplet_loss(networks[0], read(features, counts), None)
    assert loss.total.item() == pytest.approx(plain_loss(networks[0], features, *counts).item(), rel=1e-5)
    assert loss.total is loss.cross_entropy and loss.distillation == 0 and 0 <= loss.correct <= 6


@pytest.mark.parametrize("counts", [(4, 9), (11, 5)])
def test_a_teacher_sees_all_descriptors_and_its_tokens_are_compared_at_the_same_places(features, networks, counts):
    student, teacher = networks
    loss = triplet_loss(student, read(features, counts, ROWS), teacher, 10.0)
    expected = plain_loss(student, features, *counts, teacher)
    assert loss.total.item() == pytest.approx(expected.item(), rel=1e-5)
    assert loss.total.item() == pytest.approx(loss.cross_entropy.item() + 10 * loss.distillation.item(), rel=1e-6)
    assert loss.distillation > 0.01


def test_gradients_reach_every_parameter_of_a_binary_network_and_none_of_its_teacher(features, networks):
    student, teacher = networks
    teacher.zero_grad()
    for with_teacher in (None, teacher):
        student.zero_grad()
        triplet_loss(student, read(features, (6, 9), ROWS), with_teacher).total.backward()
        for name, parameter in student.named_parameters():
            # Softmax does not feel a bias that is added to all keys.
            assert parameter.grad is not None and parameter.grad.abs().max() > 0, name
    assert all(parameter.grad is None for parameter in teacher.parameters())


def test_exactly_the_descriptors_that_are_trained_on_are_read(features):
    batch = read(features, (4, 9))
    assert batch.anchors.values.shape == (3, 4, DIM) and batch.positives.values.shape == (3, 9, DIM)
    for side, images in zip((batch.anchors, batch.positives, batch.negatives), TRIPLETS.T, strict=True):
        for row, image in enumerate(images):
            expected = features.features(image).descriptors[: side.values.shape[1]]
            count = int((~side.mask[row]).sum())
            assert torch.equal(side.values[row, :count], torch.from_numpy(expected))
            assert not side.values[row, count:].any()
    everything = read(features, (4, 9), ROWS)
    assert everything.anchors.values.shape == everything.negatives.values.shape == (3, ROWS, DIM)
    assert (everything.query_count, everything.database_count) == (4, 9)


def test_half_precision_is_kept_until_the_device(features):
    (batch,) = read_batches(features, [TRIPLETS], np.array([[4, 9]]), None)
    assert batch.anchors.values.dtype == torch.float16
    assert batch.to("cpu").anchors.values.dtype == torch.float32


def test_parts_of_a_batch_hold_its_triplets_in_order(features):
    parts = list(read(features, (4, 9)).parts(2))
    assert [len(part) for part in parts] == [1, 2]
    np.testing.assert_array_equal(np.concatenate([part.triplets for part in parts]), TRIPLETS)
    assert [len(part) for part in read(features, (4, 9)).parts(7)] == [1, 1, 1]


def test_descriptor_counts_are_uniform_and_independent():
    counts = draw_counts(40000, 10, 14, seed=0, epoch=1)
    together = np.bincount(4 * (counts[:, 0] - 10) + counts[:, 1] - 10, minlength=16)
    assert len(together) == 16 and np.abs(together - 2500).max() < 5 * 50
    np.testing.assert_array_equal(counts, draw_counts(40000, 10, 14, seed=0, epoch=1))
    assert (counts != draw_counts(40000, 10, 14, seed=0, epoch=2)).any()


def test_an_error_while_reading_ahead_is_raised(features):
    batches = read_batches(features, [TRIPLETS, TRIPLETS + 10**6], np.array([[4, 9], [4, 9]]), None)
    assert len(next(batches)) == 3
    with pytest.raises(ValueError, match="rows have to be integers"):
        next(batches)
