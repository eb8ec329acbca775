"""Losses on pairs of patches, against the published code and values by hand."""

import itertools
import json

import pytest
import torch

from reprise.storage.errors import DataError
from reprise.training import hardnet_loss
from reprise.training.hardnet.hardnet_loss import (
    correlation_penalty,
    distance_matrix,
    explicit_negatives_loss,
    global_orthogonal,
    l2net_loss,
)

TOLERANCE = 1e-5
LOSSES = ("triplet_margin", "softmax", "contrastive")
SWAPS = (False, True)


@pytest.fixture(scope="module")
def arrays(golden):
    return dict(golden("hardnet_losses"))


@pytest.fixture(scope="module")
def results(arrays):
    return json.loads(str(arrays["results"]))


@pytest.fixture(scope="module")
def descriptors(arrays):
    return [torch.from_numpy(arrays[key]) for key in ("anchors", "positives", "negatives")]


@pytest.fixture(scope="module")
def small():
    """Six anchors, positives and negatives of eight dimensions."""
    i, j = torch.meshgrid(torch.arange(6.0), torch.arange(8.0), indexing="ij")
    a = torch.sin((7 * i + 3 * j + 1).double())
    p = a + 0.3 * torch.cos((5 * i + 2 * j).double())
    a, p = ((x / x.norm(dim=1, keepdim=True)).float() for x in (a, p))
    return a, p, p.roll(1, dims=0)


def close(value, expected, tolerance=TOLERANCE):
    assert value.item() == pytest.approx(expected, abs=tolerance)


@pytest.mark.parametrize(("mining", "loss", "swap"), list(itertools.product(("min", "average"), LOSSES, SWAPS)))
def test_golden_losses(descriptors, results, mining, loss, swap):
    value = hardnet_loss(*descriptors[:2], mining=mining, loss=loss, anchor_swap=swap)
    close(value, results[f"hardnet/{mining}/{loss}/swap{swap:d}"])


@pytest.mark.parametrize(("loss", "swap"), list(itertools.product(LOSSES, SWAPS)))
def test_golden_explicit_negatives(descriptors, results, loss, swap):
    value = explicit_negatives_loss(*descriptors, loss=loss, anchor_swap=swap)
    close(value, results[f"random_sampling/{loss}/swap{swap:d}"])


def test_golden_regularisation_and_gradient(arrays, descriptors, results):
    anchors, positives, negatives = descriptors
    close(global_orthogonal(anchors, negatives), results["gor"])
    anchors = anchors.clone().requires_grad_()
    hardnet_loss(anchors, positives, anchor_swap=True).backward()
    torch.testing.assert_close(anchors.grad, torch.from_numpy(arrays["grad_min_triplet_swap"]), rtol=0, atol=TOLERANCE)


def test_small_batch(small):
    a, p, n = small
    expected = [0.348433, 0.235011, 0.243171, 0.374763, 0.549976, 0.266594]
    torch.testing.assert_close(distance_matrix(a, p).diagonal(), torch.tensor(expected), rtol=0, atol=1e-5)
    values = {
        ("min", "triplet_margin"): (0.783425, 0.818527),
        ("min", "softmax"): (0.595873, 0.608673),
        ("min", "contrastive"): (0.783425, 0.818527),
        ("average", "triplet_margin"): (0.256808, 0.268682),
        ("average", "softmax"): (0.305014, 0.312033),
        ("average", "contrastive"): (0.468592, 0.479159),
    }
    for (mining, loss), expected in values.items():
        for swap in SWAPS:
            close(hardnet_loss(a, p, mining=mining, loss=loss, anchor_swap=swap), expected[swap])
    permutation = torch.tensor([2, 5, 3, 0, 1, 4])
    close(hardnet_loss(a, p, mining="random", anchor_swap=True, permutation=permutation), 0.378996)
    for loss, expected in zip(LOSSES, [(0.491653, 0.516987), (0.464609, 0.474519), (0.624203, 0.628768)], strict=True):
        for swap in SWAPS:
            close(explicit_negatives_loss(a, p, n, loss=loss, anchor_swap=swap), expected[swap])
    close(global_orthogonal(a, n), 0.618288)
    close(global_orthogonal(a, n, weight=0.5), 0.309144)
    close(correlation_penalty(a), 0.651131)


def test_identical_patches_are_no_negatives():
    a = torch.nn.functional.normalize(torch.randn(4, 16, generator=torch.Generator().manual_seed(0)))
    p = a.clone()
    p[1] = a[0]  # the patch of the first point, under the label of the second
    distances = distance_matrix(a, p)
    assert distances[0, 1] < 0.008
    expected = [distances[0, 2:].min(), distances[1, [0, 2, 3]].min()]  # of the first two rows
    expected += [distances[row, [i for i in range(4) if i != row]].min() for row in (2, 3)]
    own = distances.diagonal()
    close(hardnet_loss(a, p), (1 + own - torch.stack(expected)).clamp(min=0).mean().item())


def test_a_pair_is_no_negative_of_itself(small):
    assert hardnet_loss(*small[:2], mining="random", permutation=torch.arange(6)) == 0


def test_l2net_is_a_softmax_over_rows_and_columns(small):
    a, p, _ = small
    rows = torch.nn.functional.cross_entropy(2 - distance_matrix(a, p), torch.arange(6))
    columns = torch.nn.functional.cross_entropy(2 - distance_matrix(a, p).T, torch.arange(6))
    close(l2net_loss(a, p), rows.item())
    close(l2net_loss(a, p, anchor_swap=True), (rows + columns).item())


def test_unfit_arguments(small):
    a, p, n = small
    for call in (
        lambda: hardnet_loss(a, p[:5]),
        lambda: hardnet_loss(a[:1], p[:1]),
        lambda: explicit_negatives_loss(a, p, n[:, :4]),
        lambda: l2net_loss(a[0], p[0]),
        lambda: global_orthogonal(a, n[:3]),
    ):
        with pytest.raises(DataError, match="the shapes are"):
            call()
    with pytest.raises(DataError, match="mining: 'max' is unknown"):
        hardnet_loss(a, p, mining="max")
    with pytest.raises(DataError, match="loss: 'hinge' is unknown"):
        hardnet_loss(a, p, loss="hinge")
