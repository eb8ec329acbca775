"""Files of located queries: JSON with the pose of each query, or null, and what it rests on (docs/formats.md)."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel

from reprise.storage.atomic import write_text
from reprise.storage.json_files import interpreting, load_json

_REMEDY = "delete it and run again"


@dataclass(frozen=True)
class Located:
    """What was found of a query.

    Attributes:
        pose: (7,) quaternion w x y z and translation, world to camera, as COLMAP has them; None without a pose
        inliers: keypoints that agree with the pose, or with the best one that was refused
        keypoints: keypoints that matched a point of the model
        references: references that it was matched with
    """

    pose: np.ndarray | None
    inliers: int
    keypoints: int
    references: int


class _Stored(BaseModel, strict=True, allow_inf_nan=False):
    pose: tuple[float, float, float, float, float, float, float] | None
    inliers: int
    keypoints: int
    references: int


class _StoredFile(BaseModel, strict=True):
    queries: dict[str, _Stored]


def write_located(path: str | os.PathLike, located: Mapping[str, Located], attributes: Mapping[str, object]) -> None:
    """Write located queries, by name; ``attributes`` are further entries of the file, such as the recipe."""
    queries = {
        name: {**vars(each), "pose": None if each.pose is None else each.pose.tolist()}
        for name, each in located.items()
    }
    write_text(path, json.dumps({"queries": queries, **attributes}, indent=1, allow_nan=False) + "\n")


def read_located(path: str | os.PathLike) -> dict[str, Located]:
    """Read located queries, by name, in the order of the file; DataError for any other file."""
    content = load_json(path, _REMEDY)
    with interpreting(path, _REMEDY):
        for entry in content["queries"].values():
            entry["pose"] = None if entry["pose"] is None else tuple(map(float, entry["pose"]))
        stored = _StoredFile.model_validate({"queries": content["queries"]})
        return {
            name: Located(
                None if each.pose is None else np.array(each.pose), each.inliers, each.keypoints, each.references
            )
            for name, each in stored.queries.items()
        }
