"""The losses that the program of HNDesc offers, against its values."""

import numpy as np
import pytest
import torch

from reprise.storage.errors import DataError
from reprise.training.hndesc.average_precision import average_precision
from reprise.training.hndesc.criteria import CROPS_NEEDED, criterion_loss, usable


def unit(values):
    return values / np.linalg.norm(values, axis=1, keepdims=True)


def waves(factor):
    return unit(np.sin(np.arange(48.0).reshape(12, 4) * factor + 1))


@pytest.fixture
def descriptors():
    anchors = waves(0.37)
    return torch.from_numpy(anchors).requires_grad_(), torch.from_numpy(unit(anchors + 0.1 * waves(0.91)))


@pytest.mark.parametrize(
    ("criterion", "sizes", "published"),
    [
        ("in_batch", [5, 1, 6], 0.153775),
        ("all_negatives", [5, 1, 6], 0.285585),
        ("within_pair", [5, 1, 6], 0.162031),
        ("triplet", [6, 6], 0.529784),
    ],
)
def test_published_values(descriptors, criterion, sizes, published):
    loss = criterion_loss(criterion, *descriptors, sizes)
    assert float(loss.detach()) == pytest.approx(published, abs=1e-6)
    loss.backward()
    assert torch.isfinite(descriptors[0].grad).all() and descriptors[0].grad.abs().sum() > 0


def test_gradients_are_those_of_the_losses(descriptors):
    anchors, positives = descriptors
    for criterion in CROPS_NEEDED:
        assert torch.autograd.gradcheck(
            lambda a, b, c=criterion: criterion_loss(c, *map(torch.nn.functional.normalize, (a, b)), [6, 6], 3),
            (anchors + 0.01, positives.clone().requires_grad_()),
        )


def test_what_is_not_counted_changes_nothing():
    random = torch.Generator().manual_seed(0)
    similarities, counted = torch.rand(5, 8, generator=random), torch.rand(5, 8, generator=random) > 0.4
    counted[:, 0] = True
    expected = [float(average_precision(row[keep][None])) for row, keep in zip(similarities, counted, strict=True)]
    assert average_precision(similarities, counted=counted).tolist() == pytest.approx(expected)


def test_equal_descriptors_have_a_finite_gradient():
    anchors = torch.ones(4, 3).div(3**0.5).requires_grad_()
    criterion_loss("triplet", anchors, anchors.detach(), [4]).backward()
    assert torch.isfinite(anchors.grad).all()


@pytest.mark.parametrize("criterion", CROPS_NEEDED)
def test_batches_without_enough_points(criterion):
    for sizes in ([1, 0, 1], [3, 1], [2, 2], [0, 0]):
        points = torch.nn.functional.normalize(torch.rand(sum(sizes), 3, generator=torch.Generator().manual_seed(1)))
        if usable(criterion, sizes):
            assert torch.isfinite(criterion_loss(criterion, points, points, sizes))
        else:
            with pytest.raises(DataError, match="two points or more"):
                criterion_loss(criterion, points, points, sizes)
    assert usable(criterion, [3, 1]) == (criterion != "in_batch")
