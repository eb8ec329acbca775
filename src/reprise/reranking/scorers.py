"""Scorers of pairs of images, loaded by name: one module each, and no list of them to edit.

A scorer is a module of this package, or any module by its whole name, that defines

    NEEDS              what features have to have: names of their parts, such as "descriptors", "keypoints", "affine"
    score_chunk(files, query_ids, image_ids, *, num_queries, engine, **pair settings) -> (n,) float32
                       the scores of the pairs (query_ids[i], image_ids[i]); ``files`` holds the paths "queries" and
                       "database" (features, or what ``project`` made of them), and those of its checkpoints and
                       codebooks by their keys
    fuse(similarities, scores, **fusion settings) -> (Q, K) float64
                       what a short list is sorted by, descending, from its scores in the ranking so far (Q, K) and
                       those of its pairs; equal values keep their order. A count of inliers is its own result; a
                       threshold below which images keep their order gives all of those one value below the others

and, where it has any of it,

    Settings           the entry of a reranker: a subclass of :class:`reprise.reranking.settings.RerankerSettings`
    Step               the step of an experiment: a subclass of :class:`reprise.reranking.settings.StepSettings`
    PAIR_SETTINGS      the keys of the step that change the scores of pairs, and are given to ``score_chunk`` and
                       ``sizes``; all other keys of its own are given to ``fuse``
    project(features, output, *, role, device, attributes, **settings)
                       what is computed once of every image, before pairs are compared: from a file of features to
                       another one, for the "query" or the "database"; the keys of its own of the entry, with files in
                       place of checkpoints and codebooks
    sizes(files, **pair settings) -> {kind: {which: bytes}}
                       what has to be kept of the database for it, if features are not all
"""

import os
from collections.abc import Mapping
from typing import Any, Protocol, cast

import numpy as np

from reprise.reranking.settings import RerankerSettings, StepSettings
from reprise.storage.modules import NamedModules

Files = Mapping[str, str | os.PathLike]
SCORERS = NamedModules("reprise.reranking", "score_chunk")


class Scorer(Protocol):
    """What every module that scores pairs gives; see the head of this module for what it may give, too."""

    NEEDS: frozenset[str]

    def score_chunk(
        self, files: Files, query_ids: np.ndarray, image_ids: np.ndarray, *, num_queries: int, engine: Any,
        **settings: Any,
    ) -> np.ndarray:  # fmt: skip
        """The scores of pairs, (n,) float32."""
        ...

    def fuse(self, similarities: np.ndarray, scores: np.ndarray, **settings: Any) -> np.ndarray:
        """What a short list is sorted by, (Q, K) float64."""
        ...


def load_scorer(name: str, where: str = "scorer") -> Scorer:
    """The scorer of a name: a module of this package, or the whole name of any other module.

    Args:
        name: of the scorer
        where: what an error begins with

    Raises:
        DataError: a name that no module has
    """
    return cast(Scorer, SCORERS.load(name, where))


def reranker_settings(name: str, where: str = "scorer") -> type[RerankerSettings]:
    """The model of the entry of a reranker with the scorer ``name``."""
    return getattr(load_scorer(name, where), "Settings", RerankerSettings)


def step_settings(scorer: Scorer) -> type[StepSettings]:
    """The model of a step that re-ranks by ``scorer``."""
    return getattr(scorer, "Step", StepSettings)


def pair_settings(scorer: Scorer, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Those settings of a step that change the scores of pairs."""
    return {key: settings[key] for key in getattr(scorer, "PAIR_SETTINGS", ())}


def fusion_settings(scorer: Scorer, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Those settings of a step that change only what is made of the scores of pairs."""
    own = step_settings(scorer).model_fields.keys() - StepSettings.model_fields.keys()
    return {key: settings[key] for key in sorted(own - set(getattr(scorer, "PAIR_SETTINGS", ())))}


def projects(scorer: Scorer) -> bool:
    """Whether something is computed of every image before pairs are compared."""
    return hasattr(scorer, "project")


def kept_sizes(scorer: Scorer, files: Files, settings: Mapping[str, Any]) -> Mapping[str, Mapping[str, int]]:
    """What has to be kept of a database for a step: kind -> which -> bytes; empty where features are all."""
    sizes = getattr(scorer, "sizes", None)
    return sizes(files, **pair_settings(scorer, settings)) if sizes else {}
