"""Stages: the COLMAP database of a dataset, and the points of its references."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reprise.datasets.reading import read_scene
from reprise.formats.matches import read_match_chunks
from reprise.formats.named_features import open_named
from reprise.localization.convention import colmap_keypoints
from reprise.localization.database import write_database
from reprise.localization.settings import LocalizationSettings
from reprise.localization.triangulation import triangulate


def build_database(
    dataset: Mapping[str, Any],
    features: Sequence[str],
    matches: Sequence[str],
    output: str,
    settings: Mapping[str, Any],
) -> None:
    """Write the COLMAP database of a dataset.

    Raises:
        DataError: features or matches of other images
    """
    scene, read = read_scene(dataset), LocalizationSettings.read(settings, "localization")
    with open_named(features) as named:
        keypoints = ((name, colmap_keypoints(named, name, read)) for name in [*scene.references, *scene.queries])
        write_database(output, scene, keypoints, read_match_chunks(matches), read)


def triangulate_model(dataset: Mapping[str, Any], database: str, folder: str, settings: Mapping[str, Any]) -> None:
    """Triangulate the points of a database on the given poses of the references of a dataset.

    Raises:
        DataError: a database that does not fit, or no point
    """
    read = LocalizationSettings.read(settings, "localization")
    print(triangulate(database, read_scene(dataset), Path(folder), read), flush=True)
