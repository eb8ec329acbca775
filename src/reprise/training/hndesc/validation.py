"""How well an HNDesc does on images that it does not learn from: the loss, and points that are found again.

The published program draws new crops at each validation, and its generator of fixed ones calls a function that does not
exist. Here the crops are always the same, so that losses of different epochs can be compared.
"""

from collections.abc import Iterable

import numpy as np
import torch
from torch.nn import functional

from reprise.geometry.conventions import from_opencv
from reprise.geometry.sampling import sample_map
from reprise.networks.hndesc import HNDesc
from reprise.storage.errors import DataError
from reprise.training.hndesc.criteria import criterion_loss, usable
from reprise.training.hndesc.loading import Batch
from reprise.training.hndesc.samples import Sample, sample_descriptors
from reprise.training.hndesc.settings import HNDescSettings

THRESHOLD = 3.0  # pixels


def validate(network: HNDesc, batches: Iterable[Batch], settings: HNDescSettings, device: str) -> tuple[float, float]:
    """Compute the loss of a network, and the share of points that it finds again.

    Of each point of a first crop, the point of the second one with the nearest descriptor is found if it is within 3
    pixels of the right place. Descriptors are sampled as in training for the loss, and for the points as in evaluation.
    Pairs of crops with random points, of one and the same crop, or with a single point are left out.

    Args:
        network: is in evaluation mode meanwhile
        batches: of crops
        settings: of the training
        device: of the network

    Returns:
        the mean loss of the batches, and the mean share of points, in [0, 1], of the pairs of crops

    Raises:
        DataError: no batch that can be used, or a loss that is not finite
    """
    training = network.training
    network.eval()
    losses, shares = [], []
    with torch.inference_mode():
        for batch in batches:
            kept = [row for row, sample in enumerate(batch.samples) if _tells(sample)]
            samples = [batch.samples[row] for row in kept]
            if not usable(settings.criterion, [len(sample.source_keypoints) for sample in samples]):
                continue
            maps = [network(crops[kept].to(device)) for crops in (batch.sources, batch.targets)]
            losses.append(float(pair_loss(maps[0], maps[1], samples, settings)))
            shares += [found_again(a, b, sample) for a, b, sample in zip(*maps, samples, strict=True)]
    network.train(training)
    if not losses or not np.isfinite(losses).all():
        what = (
            "the loss is not finite; lower learning_rate" if losses else "no crops show enough keypoints; name others"
        )
        raise DataError(f"validation: {what}")
    return float(np.mean(losses)), float(np.mean(shares))


def pair_loss(
    sources: torch.Tensor, targets: torch.Tensor, samples: list[Sample], settings: HNDescSettings
) -> torch.Tensor:
    """Compute the loss of the maps (B, D, h, w) of both crops of samples; errors as of the criterion."""
    size = settings.crop_size, settings.crop_size
    anchors = [
        sample_descriptors(a, s.source_keypoints, size, settings.backbone)
        for a, s in zip(sources, samples, strict=True)
    ]
    positives = [
        sample_descriptors(b, s.target_keypoints, size, settings.backbone)
        for b, s in zip(targets, samples, strict=True)
    ]
    points = [len(each) for each in anchors]
    return criterion_loss(settings.criterion, torch.cat(anchors), torch.cat(positives), points, settings.negatives)


def found_again(source: torch.Tensor, target: torch.Tensor, sample: Sample) -> float:
    """Compute the share of the points of a sample that are found again, from the maps (D, h, w) of its crops."""
    size = sample.source.shape[1], sample.source.shape[0]
    first, second = (
        functional.normalize(sample_map(map, from_opencv(points), size, mode="legacy"))
        for map, points in ((source, sample.source_keypoints), (target, sample.target_keypoints))
    )
    nearest = (first @ second.T).argmax(dim=1).cpu().numpy()
    distances = np.linalg.norm(sample.target_keypoints[nearest] - sample.target_keypoints, axis=1)
    return float((distances <= THRESHOLD).mean())


def _tells(sample: Sample) -> bool:
    """Whether a sample tells anything of a network."""
    return not sample.fell_back and sample.target is not sample.source and len(sample.source_keypoints) > 1
