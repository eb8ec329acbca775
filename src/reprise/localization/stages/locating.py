"""Stage: the poses of the queries in a triangulated model."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reprise.datasets.reading import read_scene
from reprise.formats.located import write_located
from reprise.formats.matches import read_match_chunks
from reprise.formats.named_features import open_named
from reprise.localization.convention import colmap_keypoints
from reprise.localization.poses import locate_queries, register_queries
from reprise.localization.settings import LocalizationSettings
from reprise.localization.triangulation import read_triangulated


def localize(
    dataset: Mapping[str, Any],
    features: Sequence[str],
    matches: Sequence[str],
    database: str,
    folder: str,
    output: str,
    *,
    settings: Mapping[str, Any],
    attributes: Mapping[str, object],
) -> None:
    """Find the poses of the queries of a dataset in a triangulated model.

    Raises:
        DataError: features, matches, database or model of other images
    """
    scene, read = read_scene(dataset), LocalizationSettings.read(settings, "localization")
    if read.registration == "image_registrator":
        located = register_queries(Path(folder), database, scene, read)
    else:
        with open_named(features) as named:
            keypoints = {name: colmap_keypoints(named, name, read) for name in scene.queries}
        located = locate_queries(read_triangulated(Path(folder)), scene, keypoints, read_match_chunks(matches), read)
    write_located(output, located, attributes)
    found = sum(each.pose is not None for each in located.values())
    print(f"{found} of {len(located)} queries have a pose", flush=True)
