"""The contrastive loss against the published implementation."""

import pytest
import torch

from reprise.storage.errors import DataError
from reprise.training import contrastive_loss

LABELS = torch.tensor([-1.0, 1.0, 0.0])


@pytest.mark.parametrize("margin, case", [(0.8, "08"), (1.6, "16")])
def test_golden_value(golden, margin, case):
    arrays = golden("contrastive")
    loss = contrastive_loss(torch.from_numpy(arrays["x"]), torch.from_numpy(arrays["labels"]), margin)
    assert loss.item() == pytest.approx(float(arrays[f"loss_{case}"]), rel=1e-5)


def test_golden_gradient(golden):
    arrays = golden("contrastive")
    x = torch.from_numpy(arrays["x"]).requires_grad_()
    contrastive_loss(x, torch.from_numpy(arrays["labels"]), 0.8).backward()
    torch.testing.assert_close(x.grad, torch.from_numpy(arrays["grad_08"]), rtol=1e-5, atol=1e-5)


def test_by_hand():
    vectors = torch.tensor([[0.0, 3.0, 0.3], [0.0, 4.0, 0.4]])  # distances 5 and 0.5
    assert contrastive_loss(vectors, LABELS, 0.8).item() == pytest.approx(25 / 2 + 0.3**2 / 2, rel=1e-5)
    assert contrastive_loss(vectors, LABELS, 0.4).item() == pytest.approx(25 / 2, rel=1e-5)


def test_the_gradient_of_equal_vectors_is_finite():
    vectors = torch.ones(4, 3, requires_grad=True)
    contrastive_loss(vectors, LABELS, 0.8).backward()
    assert torch.isfinite(vectors.grad).all()


@pytest.mark.parametrize(
    "vectors, labels, message",
    [
        (torch.ones(4, 3), torch.tensor([-1, 1]), r"vectors: \(4, 3\) with labels \(2,\)"),
        (torch.ones(3), LABELS, "vectors"),
        (torch.ones(4, 1), torch.tensor([-1]), "n at least 2"),
        (torch.ones(4, 3), torch.tensor([1, 1, 0]), "labels"),
        (torch.ones(4, 3), torch.tensor([-1, 1, 2]), "labels"),
    ],
)
def test_what_does_not_fit_is_refused(vectors, labels, message):
    with pytest.raises(DataError, match=message):
        contrastive_loss(vectors, labels, 0.8)
