"""The scorer ``ames``: logits of a transformer on the local descriptors of both images (Suma et al., ECCV 2024)."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from reprise.formats.tokens import TokenFile
from reprise.reranking.fusion import mix
from reprise.reranking.settings import Checkpoint, Count, RerankerSettings, StepSettings
from reprise.storage.errors import DataError

if TYPE_CHECKING:
    from reprise.reranking.scoring import Engine

NEEDS = frozenset({"descriptors"})
PAIR_SETTINGS = ("query_features", "num_features")


class Settings(RerankerSettings):
    """The local features of a database as an AMES network sees them, made once; steps may use fewer of each image."""

    checkpoints = ("checkpoint",)

    checkpoint: Checkpoint = Field(description="the AMES network")
    num_features: Count = Field(600, description="the strongest features of each image that are kept")


class Step(StepSettings):
    """Re-ranking by AMES (Suma et al., ECCV 2024)."""

    num_features: Count = Field(600, description="local features of a database image")
    query_features: Count = Field(600, description="local features of a query")
    similarity_weight: float = Field(
        0.5, ge=0, le=1, description="lambda: weight of the similarity in the ranking, beside that by AMES"
    )
    temperature: float = Field(0.2, gt=0, description="gamma: factor of the logit")


def project(
    features: str | os.PathLike,
    output: str | os.PathLike,
    *,
    role: str,
    device: str,
    attributes: Mapping[str, Any],
    checkpoint: str,
    num_features: int,
) -> None:
    """Tokens of the strongest descriptors; see :func:`reprise.reranking.projecting.project_tokens`."""
    from reprise.reranking.projecting import project_tokens

    project_tokens(
        features,
        checkpoint,
        output,
        role=role,
        num_descriptors=num_features,
        device=device,
        attributes=attributes,
    )


def score_chunk(
    files: Mapping[str, str | os.PathLike],
    query_ids: np.ndarray,
    image_ids: np.ndarray,
    *,
    num_queries: int,
    engine: "Engine | None" = None,
    query_features: int | None = None,
    num_features: int | None = None,
) -> np.ndarray:
    """The logits of pairs.

    The network gives a logit to a query alone, too. That says nothing of an image without descriptors, such as one that
    could not be decoded, whose scores are therefore minus infinity: its sigmoid is 0.

    Args:
        files: "checkpoint", the network; "queries" and "database", what
            :func:`reprise.reranking.projecting.project_tokens` made with it
        query_ids: (n,) int
        image_ids: (n,) int
        num_queries: of the rankings
        engine: where and how they are computed
        query_features: the strongest descriptors of each query that are used; None uses all
        num_features: the same of a database image

    Returns:
        (n,) float32

    Raises:
        DataError: tokens of another network, more queries, images or descriptors than there are
    """
    # Here, so that the order of a short list can be changed without loading torch.
    from reprise.networks.ames import AMES
    from reprise.reranking.projecting import network_hash
    from reprise.reranking.scoring import score

    network = AMES.from_checkpoint(files["checkpoint"])
    queries, database = TokenFile(files["queries"]), TokenFile(files["database"])
    for file in (queries, database):
        if file.network != network_hash(network):
            raise DataError(f"{file.path}: was made with another network than {files['checkpoint']}; project again")
    if num_queries != queries.num_images:
        raise DataError(
            f"{queries.path}: has tokens of {queries.num_images} queries, the rankings are of {num_queries}; both have "
            "to come from the same list of queries"
        )
    logits = score(
        network,
        queries,
        database,
        query_ids,
        image_ids,
        query_descriptors=query_features,
        database_descriptors=num_features,
        engine=engine,
    )
    logits[database.counts[image_ids] == 0] = -np.inf
    return logits


def fuse(similarities: np.ndarray, scores: np.ndarray, *, similarity_weight: float, temperature: float) -> np.ndarray:
    """The mixture of similarities and logits (:func:`reprise.reranking.fusion.mix`).

    Args:
        similarities: (Q, K), the scores of the ranking
        scores: (Q, K), logits
        similarity_weight: lambda
        temperature: gamma
    """
    return mix(similarities, scores, similarity_weight, temperature)


def sizes(
    files: Mapping[str, str | os.PathLike], *, num_features: int | None = None, query_features: int | None = None
) -> dict[str, dict[str, int]]:
    """The bytes of the tokens of a database with ``num_features`` of each image, by the network that they are of."""
    del query_features
    file = TokenFile(files["database"])
    per_token = 16 if file.dtype == np.uint8 else 128 * file.dtype.itemsize
    counts = file.counts if num_features is None else np.minimum(file.counts, num_features)
    return {"token bytes": {file.network: int(counts.sum()) * per_token}}
