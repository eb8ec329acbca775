"""The loss of HNDesc, against published values and gradients."""

import numpy as np
import pytest
import torch

from reprise.storage.errors import DataError
from reprise.training import average_precision_loss
from reprise.training.hndesc.average_precision import average_precision


@pytest.fixture(scope="module")
def arrays(golden):
    return dict(golden("hndesc_loss"))


@pytest.mark.parametrize("negatives", [20, 3])
def test_golden_loss(arrays, negatives):
    anchors = torch.from_numpy(arrays["anchors"]).requires_grad_()
    loss = average_precision_loss(anchors, torch.from_numpy(arrays["positives"]), arrays["points_per_crop"], negatives)
    assert float(loss.detach()) == pytest.approx(float(arrays[f"loss_knn{negatives}"]), abs=1e-5)
    if negatives == 3:
        loss.backward()
        np.testing.assert_allclose(anchors.grad, arrays["grad_knn3"], rtol=0, atol=1e-5)


PUBLISHED = {
    (0.9, 0.8, 0.5, 0.1): 1.0, (0.5, 0.8, 0.5, 0.1): 0.2916667, (1, 1, 0, -0.3): 0.5, (0.2, 0.9, 0.9, 0.9): 0.2184211,
    (1, *[0] * 20): 1, (0.9, *[0.9] * 20): 0.0476190, (0.8, *[0.82] * 20): 0.0414851, (0.82, *[0.8] * 20): 0.0934498,
    (0.5, *[0.9] * 20): 0.0360046,
}  # fmt: skip


@pytest.mark.parametrize("row", PUBLISHED)
def test_published_average_precision(row):
    assert float(average_precision(torch.tensor([row]))) == pytest.approx(PUBLISHED[row], abs=2e-6)


@pytest.mark.parametrize("negatives", [20, 3])
def test_published_criterion(negatives):
    def unit(values):
        return values / np.linalg.norm(values, axis=1, keepdims=True)

    def waves(factor):
        return unit(np.sin(np.arange(48.0).reshape(12, 4) * factor + 1))

    anchors = waves(0.37)
    positives = unit(anchors + 0.1 * waves(0.91))
    anchors, positives = (torch.from_numpy(values.astype(np.float32)) for values in (anchors, positives))
    assert float(average_precision_loss(anchors, positives, [5, 1, 6], negatives)) == pytest.approx(0.153775, abs=1e-5)


def test_negatives_of_the_same_crop_do_not_count():
    random = torch.Generator().manual_seed(0)
    anchors, positives = (
        torch.nn.functional.normalize(torch.randn(12, 8, generator=random, dtype=torch.float64)).abs() for _ in "ab"
    )
    anchors.requires_grad_(), positives.requires_grad_()
    products = anchors @ positives.T
    rows = []
    for i in range(12):
        others = [products[i, j] for j in range(12) if j // 4 != i // 4]
        rows.append(torch.stack([products[i, i], *sorted(others, reverse=True)[:5]]))
    expected = (1 - average_precision(torch.stack(rows))).mean()
    torch.testing.assert_close(average_precision_loss(anchors, positives, [4, 4, 4], 5), expected)


def test_few_negatives_are_repeated():
    random = torch.Generator().manual_seed(1)
    anchors, positives = (torch.nn.functional.normalize(torch.rand(5, 8, generator=random)) for _ in "ab")
    products = anchors @ positives.T
    rows = []
    for i in range(5):
        others = sorted((float(products[i, j]) for j in range(5) if (j < 2) != (i < 2)), reverse=True)
        rows.append([float(products[i, i]), *others, *[others[-1]] * (6 - len(others))])
    expected = float((1 - average_precision(torch.tensor(rows))).mean())
    assert float(average_precision_loss(anchors, positives, [2, 3], 6)) == pytest.approx(expected, abs=1e-6)


def test_the_gradient_is_that_of_the_loss():
    random = torch.Generator().manual_seed(2)
    anchors, positives = (torch.rand(8, 4, generator=random, dtype=torch.float64).requires_grad_() for _ in "ab")
    assert torch.autograd.gradcheck(
        lambda a, b: average_precision_loss(*map(torch.nn.functional.normalize, (a, b)), [4, 4], 3),
        (anchors, positives),
    )


@pytest.mark.parametrize(
    ("shapes", "sizes", "negatives", "message"),
    [
        (((4, 3), (4, 3)), [4], 20, "at least two crops need two points"),
        (((4, 3), (4, 3)), [3, 1], 20, "at least two crops need two points"),
        (((0, 3), (0, 3)), [], 20, "at least two crops need two points"),
        (((4, 3), (5, 3)), [2, 2], 20, r"anchors \(4, 3\), positives \(5, 3\)"),
        (((4, 3), (4, 3)), [2, 3], 20, "numbers of points that add up to N"),
        (((4, 3), (4, 3)), [2, 2], 0, "negatives: 0 is out of range"),
    ],
)
def test_unfit_batches(shapes, sizes, negatives, message):
    with pytest.raises(DataError, match=message):
        average_precision_loss(*(torch.ones(shape) for shape in shapes), sizes, negatives)
