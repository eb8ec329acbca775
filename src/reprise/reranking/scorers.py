"""Scorers of pairs of images, loaded by name: one module each, and no list of them to edit.

A scorer is a module of this package, or any module by its whole name, that defines

    NEEDS              what features have to have: names of their parts, such as "descriptors", "keypoints", "affine"
    PAIR_SETTINGS      names of the settings that change the scores of pairs
    FUSION_SETTINGS    names of the settings that change only what is made of them
    score_chunk(files, query_ids, image_ids, *, num_queries, engine, **pair settings) -> (n,) float32
                       the scores of the pairs (query_ids[i], image_ids[i]); ``files`` holds the paths "queries" and
                       "database" (features, or what the scorer projected them to) and, of a network, "checkpoint"
    fuse(similarities, scores, **fusion settings) -> (Q, K) float64
                       what a short list is sorted by, descending, from its scores in the ranking so far (Q, K) and
                       those of its pairs; equal values keep their order. A count of inliers is its own result; a
                       threshold below which images keep their order gives all of those one value below the others
    sizes(files, **pair settings) -> {kind: {which: bytes}}
                       what has to be kept of the database for it; empty where features are all

What a scorer projects features to, once for every image, is a stage of its own before it (``project_tokens`` of AMES).
"""

import os
from collections.abc import Mapping
from typing import Any, Protocol, cast

import numpy as np

from reprise.storage.modules import available, load_module, module_of

Files = Mapping[str, str | os.PathLike]
_PACKAGE = "reprise.reranking"
_MARK = "score_chunk"


class Scorer(Protocol):
    """What a module that scores pairs gives; see the head of this module."""

    NEEDS: frozenset[str]
    PAIR_SETTINGS: tuple[str, ...]
    FUSION_SETTINGS: tuple[str, ...]

    def score_chunk(
        self, files: Files, query_ids: np.ndarray, image_ids: np.ndarray, *, num_queries: int, engine: Any,
        **settings: Any,
    ) -> np.ndarray:  # fmt: skip
        """The scores of pairs, (n,) float32."""
        ...

    def fuse(self, similarities: np.ndarray, scores: np.ndarray, **settings: Any) -> np.ndarray:
        """What a short list is sorted by, (Q, K) float64."""
        ...

    def sizes(self, files: Files, **settings: Any) -> Mapping[str, Mapping[str, int]]:
        """What has to be kept of a database, in bytes."""
        ...


def scorer_module(name: str) -> str:
    """The whole name of the module of a scorer, for the recipes of the stages that load it."""
    return module_of(_PACKAGE, name)


def load_scorer(name: str) -> Scorer:
    """The scorer of a name: a module of this package, or the whole name of any other module.

    Raises:
        DataError: a name that no module has
    """
    return cast(Scorer, load_module(_PACKAGE, name, _MARK, "scorer"))


def scorer_names() -> list[str]:
    """The scorers of this package; none of them is imported to find out."""
    return list(available(_PACKAGE, _MARK))
