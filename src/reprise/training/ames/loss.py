"""What AMES is trained to do: tell positives from negatives and, distilled, put out the tokens of its teacher.

Suma et al., ECCV 2024, sections 3 and 4.
"""

from dataclasses import dataclass

import torch
from torch.nn import functional

from reprise.networks.ames import AMES
from reprise.training.ames.batches import Batch, Descriptors


@dataclass(frozen=True)
class Loss:
    """The loss of a batch and its parts, () tensors.

    Attributes:
        total: what is minimised
        cross_entropy: of the logits
        distillation: the MSE before beta, 0 without a teacher
        correct: how many of the logits, two for each triplet, are on the right side of 0
    """

    total: torch.Tensor
    cross_entropy: torch.Tensor
    distillation: torch.Tensor
    correct: torch.Tensor


def triplet_loss(network: AMES, batch: Batch, teacher: AMES | None = None, beta: float = 10.0) -> Loss:
    """BCE + beta * MSE of the pairs (anchor, positive), target 1, and (anchor, negative), target 0.

    BCE is the binary cross-entropy of the logits. MSE is taken over all output tokens of the network, padding
    included, and the tokens of the teacher at the same places; the teacher sees all descriptors of the batch, in
    evaluation mode, so that its database tokens are rounded to float16 if it is of full precision. All are means.

    Without a teacher the loss is BCE alone. (The published code means this, too, but its expression has the value 0
    without a teacher, on which its first step fails.)

    Args:
        network: in training
        batch: on the device of the network, in float32
        teacher: in evaluation mode; None for none
        beta: weight of the MSE
    """
    queries, database, targets = _pairs(batch)
    seen = queries.first(batch.query_count), database.first(batch.database_count)
    logits, tokens = _forward(network, *seen)
    cross_entropy = functional.binary_cross_entropy_with_logits(logits.float(), targets)
    correct = ((logits > 0) == (targets > 0)).sum()
    if teacher is None:
        return Loss(cross_entropy, cross_entropy, cross_entropy.new_zeros(()), correct)
    with torch.no_grad():
        _, expected = _forward(teacher, queries, database)
    offset = 1 + queries.values.shape[1]
    places = [torch.arange(1 + seen[0].values.shape[1]), offset + torch.arange(seen[1].values.shape[1])]
    expected = expected[:, torch.cat(places).to(expected.device)]
    distillation = functional.mse_loss(tokens.float(), expected.float())
    return Loss(cross_entropy + beta * distillation, cross_entropy, distillation, correct)


def _pairs(batch: Batch) -> tuple[Descriptors, Descriptors, torch.Tensor]:
    """Both kinds of pairs in one batch of twice the size; the mean over it is the mean of the means."""
    anchors, positives, negatives = batch.anchors, batch.positives, batch.negatives
    targets = torch.tensor([1.0, 0.0], device=anchors.values.device).repeat_interleave(len(batch))
    return _joined(anchors, anchors), _joined(positives, negatives), targets


def _joined(a: Descriptors, b: Descriptors) -> Descriptors:
    return Descriptors(torch.cat([a.values, b.values]), torch.cat([a.mask, b.mask]))


def _forward(network: AMES, queries: Descriptors, database: Descriptors) -> tuple[torch.Tensor, torch.Tensor]:
    masks = [side.mask if side.mask.any() else None for side in (queries, database)]
    return network(queries.values, masks[0], database.values, masks[1], return_tokens=True)
