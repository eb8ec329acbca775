"""From local descriptors to the tokens that re-ranking reads, once for every image."""

import hashlib
import os
from collections.abc import Mapping

import numpy as np
import torch
from tqdm import tqdm

from reprise.formats.features import open_features
from reprise.formats.tokens import token_writer
from reprise.networks.ames import AMES, check_dim
from reprise.storage.errors import DataError

ROLES = ("query", "database")


def project_tokens(
    features: str | os.PathLike,
    checkpoint: str | os.PathLike,
    output: str | os.PathLike,
    *,
    role: str,
    num_descriptors: int | None = None,
    device: str = "cpu",
    memory_mib: int = 512,
    attributes: Mapping[str, object] | None = None,
) -> None:
    """Project the strongest descriptors of every image and store the tokens (``reprise.formats.tokens``).

    Args:
        features: local features of any layout
        checkpoint: the network
        output: the file of tokens
        role: "query" stores float32; "database" float16, or codes of 128 bits if the network is binarized
        num_descriptors: of each image at most; None takes all that are stored
        device: of torch
        memory_mib: bounds what is held of descriptors and tokens
        attributes: of the file, such as the recipe

    Raises:
        DataError: descriptors of another width than the network takes, values that are not finite, a query without
            descriptors, more descriptors than are stored
    """
    if role not in ROLES:
        raise DataError(f"role: is {role!r}, expected one of {', '.join(ROLES)}")
    network = AMES.from_checkpoint(checkpoint)
    identity = network_hash(network)
    network.to(device)
    local = open_features(features)
    local.require("AMES")
    check_dim(str(features), local.dim, network.local_dim)
    count = local.num_features if num_descriptors is None else num_descriptors
    dtype = "float32" if role == "query" else ("uint8" if network.binarized else "float16")
    step = max(1, memory_mib * 2**20 // (count * (local.dim * 10 + 2048)))
    content = {"network": identity, "role": role, **(attributes or {})}
    with (
        token_writer(output, local.num_images, count, dtype, names=local.names, attributes=content) as writer,
        tqdm(total=local.num_images, desc="project", unit="image", mininterval=1.0) as bar,
        torch.inference_mode(),
    ):
        for start in range(0, local.num_images, step):
            images = np.arange(start, min(start + step, local.num_images))
            descriptors, counts = local.read(images, count)
            _check(descriptors, counts, start, str(features), role)
            values = torch.from_numpy(descriptors).to(device).float()
            tokens = network.binarize(values) if dtype == "uint8" else network.project_query(values)
            writer.append(tokens.cpu().numpy().astype(dtype), counts)
            bar.update(len(images))


def network_hash(network: AMES) -> str:
    """What tells two networks apart: the sha256 of their parameters, shortened."""
    digest = hashlib.sha256()
    for name, tensor in network.state_dict().items():
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(tensor.cpu().numpy()).tobytes())
    return digest.hexdigest()[:16]


def _check(descriptors: np.ndarray, counts: np.ndarray, first: int, where: str, role: str) -> None:
    if role == "query" and (counts == 0).any():
        query = first + int(np.argmin(counts))
        raise DataError(f"{where}: query {query} has no local descriptors; check its image and its box")
    finite = np.isfinite(descriptors).all(axis=(1, 2))
    if not finite.all():
        raise DataError(
            f"{where}: the descriptors of image {first + int(np.argmin(finite))} contain NaN or infinity; extract again"
        )
