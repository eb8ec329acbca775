"""The golden scene: 12 references and 8 queries, with matches, and what hloc found of them."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from reprise.datasets.posed import HELD_OUT, Scene
from reprise.formats.colmap_models import ModelCamera, ModelImage
from reprise.localization.database import write_database
from reprise.localization.settings import LocalizationSettings


@dataclass(frozen=True)
class Golden:
    arrays: dict
    scene: Scene
    keypoints: dict[str, np.ndarray]
    matches: list[tuple[str, str, np.ndarray]]

    def database(self, path: Path, settings: LocalizationSettings | None = None) -> Path:
        """A database of all images; keypoints are moved to COLMAP's convention."""
        write_database(path, self.scene, self.keypoints.items(), self.matches, settings or LocalizationSettings())
        return path


@pytest.fixture(scope="session")
def golden_scene(golden) -> Golden:
    arrays = dict(golden("colmap_localization"))
    names = json.loads(str(arrays["names"]))
    content = json.loads(str(arrays["camera"]))
    camera = ModelCamera(content["model"], content["width"], content["height"], tuple(content["params"]))
    poses = zip(arrays["quaternions_wxyz"], arrays["translations"], strict=True)
    images = {name: ModelImage(name, 1, q, t) for name, (q, t) in zip(names, poses, strict=True)}
    queries = [name for name in names if name.startswith("query/")]
    scene = Scene(
        {name: image for name, image in images.items() if name not in queries},
        queries,
        dict.fromkeys(names, camera),
        {name: images[name] for name in queries},
        {HELD_OUT: queries},
    )
    offsets = arrays["keypoint_offsets"]
    keypoints = {
        name: arrays["keypoints"][offsets[row] : offsets[row + 1]] + np.float32(0.5) for row, name in enumerate(names)
    }
    return Golden(arrays, scene, keypoints, [*_matches(arrays, names, "mapping"), *_matches(arrays, names, "query")])


def _matches(arrays, names, kind):
    offsets = arrays[f"{kind}_match_offsets"]
    for row, (a, b) in enumerate(arrays[f"{kind}_pairs"]):
        yield names[a], names[b], arrays[f"{kind}_matches"][offsets[row] : offsets[row + 1]]
