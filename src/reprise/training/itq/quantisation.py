"""The matrix that the binary AMES starts from: PCA, and the rotation of iterative quantisation.

Gong and Lazebnik, "Iterative Quantization: A Procrustean Approach to Learning Binary Codes", CVPR 2011. The script that
fitted the published matrices was not published; this follows the paper and the form of their use, sign(x @ W) of
descriptors x of unit length, without a mean.
"""

import os

import numpy as np
import torch
from tqdm import tqdm

from reprise.formats.features import open_features
from reprise.storage.atomic import atomic_path
from reprise.storage.errors import DataError
from reprise.training.ames.batches import LocalDescriptors
from reprise.training.itq.settings import ItqSettings

_IMAGES_PER_BLOCK = 256
_DEFAULTS = ItqSettings()


def fit_itq(descriptors: np.ndarray, bits: int = 128, *, iterations: int = 50, seed: int = 0) -> np.ndarray:
    """The matrix W (D, bits) float32 for which sign(x @ W) are binary codes of descriptors x.

    W is a PCA basis times a rotation. The basis spans the ``bits`` leading principal components (of deviations from
    the mean, which is not subtracted afterwards). The rotation starts at a random one and then, in turns, the codes
    are taken as the signs B of the rotated projections V R, and R as the rotation with the least |B - V R|
    (orthogonal Procrustes), so that this quantisation loss never grows.

    Args:
        descriptors: (n, D) floats; they are L2-normalised here
        bits: of the codes
        iterations: turns; 0 leaves the random rotation
        seed: of the random rotation

    Raises:
        DataError: fewer descriptors or dimensions than ``bits``, or values that are not finite
    """
    if descriptors.ndim != 2 or min(descriptors.shape) < bits:
        raise DataError(
            f"descriptors: shape {descriptors.shape}; {bits} bits need at least {bits} descriptors of at least {bits} "
            "dimensions: give more images"
        )
    X = torch.nn.functional.normalize(torch.from_numpy(np.asarray(descriptors)).float(), eps=1e-12)
    if not torch.isfinite(X).all():
        raise DataError("descriptors: contain NaN or infinity; extract them again")
    basis = _principal_components(X, bits)
    generator = torch.Generator().manual_seed(seed)
    rotation, _ = torch.linalg.qr(torch.randn(bits, bits, generator=generator, dtype=torch.float64))
    V = X @ basis.float()
    for _ in range(iterations):
        codes = torch.where(V @ rotation.float() > 0, 1.0, -1.0)
        left, _, right = torch.linalg.svd((V.T @ codes).double())
        rotation = left @ right
    return (basis @ rotation).float().numpy()


def quantisation_loss(descriptors: np.ndarray, W: np.ndarray) -> float:
    """The mean square difference of projections x @ W, x normalised, from their signs: what ITQ makes small.

    Args:
        descriptors: (n, D) floats
        W: (D, bits) float32
    """
    X = torch.nn.functional.normalize(torch.from_numpy(np.asarray(descriptors)).float(), eps=1e-12)
    projected = X @ torch.from_numpy(W)
    return float((torch.where(projected > 0, 1.0, -1.0) - projected).square().mean())


def fit_binarizer(
    output: str | os.PathLike,
    features: str | os.PathLike,
    settings: ItqSettings = _DEFAULTS,
    *,
    bits: int = 128,
) -> None:
    """Fit a matrix to local features and write it as the published files are: {"W": (D, bits) float32}.

    Args:
        output: the file of the matrix
        features: a file of dense or ragged local features
        settings: memory grows with their ``descriptors``: 4 D bytes each, twice
        bits: of the codes

    Raises:
        DataError: see :func:`fit_itq` and :func:`reprise.formats.features.open_features`
    """
    sample = sample_descriptors(open_features(features), settings.descriptors, settings.num_features, settings.seed)
    W = fit_itq(sample, bits, iterations=settings.iterations, seed=settings.seed)
    print(f"quantisation loss of {len(sample)} descriptors: {quantisation_loss(sample, W):.6f}")
    with atomic_path(output) as temporary:
        torch.save({"W": torch.from_numpy(W)}, temporary)


def sample_descriptors(features: LocalDescriptors, count: int, num_features: int, seed: int) -> np.ndarray:
    """About ``count`` descriptors of images at random, equally many of each as far as it has them.

    Args:
        features: of all images
        count: descriptors; where that is less than one of each image, one of so many images is taken
        num_features: the strongest features of an image, among which they are chosen at random
        seed: of the choice of images and descriptors

    Returns:
        (n, D) float32
    """
    random = np.random.default_rng(seed)
    images = np.sort(random.permutation(features.num_images)[:count])
    num_features = min(num_features, features.num_features)
    each = max(count // len(images), 1)
    blocks = []
    for start in tqdm(range(0, len(images), _IMAGES_PER_BLOCK), unit="block", mininterval=1.0):
        rows = images[start : start + _IMAGES_PER_BLOCK]
        values, valid = features.read(rows, num_features)
        places = random.random(values.shape[:2])
        places[np.arange(values.shape[1]) >= valid[:, None]] = 2
        chosen = np.sort(np.argsort(places, axis=1)[:, :each], axis=1)
        kept = np.take_along_axis(places, chosen, axis=1) < 2
        blocks.append(np.take_along_axis(values, chosen[:, :, None], axis=1)[kept].astype(np.float32))
    return np.concatenate(blocks)


def _principal_components(X: torch.Tensor, count: int) -> torch.Tensor:
    """(D, count) float64, orthonormal columns, in descending order of variance; signs fixed."""
    mean = X.mean(dim=0, dtype=torch.float64)
    covariance = torch.zeros((X.shape[1], X.shape[1]), dtype=torch.float64)
    for block in X.split(1 << 16):
        centred = block.double() - mean
        covariance += centred.T @ centred
    _, vectors = torch.linalg.eigh(covariance)
    basis = vectors.flip(1)[:, :count]
    return basis * torch.where(basis.gather(0, basis.abs().argmax(dim=0)[None]) < 0, -1.0, 1.0)
