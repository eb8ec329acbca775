"""The stages of localization, from files to files: what the jobs of the workflow call."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from reprise.datasets.reading import read_scene
from reprise.formats.features import open_features
from reprise.formats.located import write_located
from reprise.formats.matches import collect_matches, read_match_chunks, write_matches
from reprise.formats.rankings import read_ranking
from reprise.localization.database import write_database
from reprise.localization.pairs import (
    Pair,
    among,
    covisible_pairs,
    first_of_each,
    known_pairs,
    ranked_pairs,
    read_pairs,
    unique_pairs,
    write_pairs,
)
from reprise.localization.poses import locate_queries, register_queries
from reprise.localization.settings import LocalizationSettings
from reprise.localization.triangulation import read_triangulated, triangulate
from reprise.matching.pair_lists import NamedFeatures, match_pairs

_HALF_PIXEL = np.float32(0.5)


def list_pairs(
    dataset: Mapping[str, Any],
    output: str,
    *,
    reference_pairs: str | None,
    covisible: int,
    query_pairs: str | None,
    ranking: str | None,
    shortlist: int,
    unknown_names: str,
) -> None:
    """Write the list of pairs that are matched.

    Args:
        dataset: its description
        output: the list: two names per line
        reference_pairs: a list of pairs, of which those of two references are taken; None pairs by covisibility
        covisible: of covisibility: so many for each reference
        query_pairs: a list of pairs, of which those of a query are taken; None takes them from the ranking
        ranking: a file of rankings of the queries
        shortlist: so many references for each query
        unknown_names: what names in lists do that are no images of the dataset: ``error`` or ``skip``

    Raises:
        DataError: a list or a ranking that does not fit the dataset
    """
    scene = read_scene(dataset, observations=reference_pairs is None)
    references, images = list(scene.references), [*scene.references, *scene.queries]
    skip = unknown_names == "skip"

    def listed(path: str) -> list[Pair]:
        return known_pairs(read_pairs(Path(path)), images, path, skip=skip)

    if reference_pairs is None:
        pairs = covisible_pairs(scene.references, covisible)
    else:
        pairs = among(listed(reference_pairs), references)
    between = len(pairs)
    if query_pairs is None:
        assert ranking is not None
        pairs += ranked_pairs(read_ranking(ranking), scene.queries, references, shortlist)
    else:
        pairs += first_of_each(listed(query_pairs), scene.queries, references, shortlist)
    found = unique_pairs(pairs, images)
    print(f"{between} pairs of references, {len(pairs) - between} of queries, {len(found)} in all", flush=True)
    write_pairs(output, found)


def match_chunk(
    pairs: str,
    features: Sequence[str],
    output: str,
    *,
    chunk: int,
    num_chunks: int,
    max_distance: float | None,
    memory_mib: int,
    threads: int,
    attributes: Mapping[str, object],
) -> None:
    """Match the ``chunk``-th (from 1) of ``num_chunks`` parts of a list of pairs.

    Raises:
        DataError: a damaged list, or images without features in the files
    """
    every = read_pairs(Path(pairs))
    start, stop = len(every) * (chunk - 1) // num_chunks, len(every) * chunk // num_chunks
    with _opened(features) as named:
        found = match_pairs(named, every[start:stop], max_distance=max_distance, memory_mib=memory_mib, threads=threads)
    matches = collect_matches(every[start:stop], found)
    write_matches(output, matches, attributes, first_pair=start, num_pairs=len(every))


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
    with _opened(features) as named:
        keypoints = ((name, _keypoints(named, name, read)) for name in [*scene.references, *scene.queries])
        write_database(output, scene, keypoints, read_match_chunks(matches), read)


def triangulate_model(dataset: Mapping[str, Any], database: str, folder: str, settings: Mapping[str, Any]) -> None:
    """Triangulate the points of a database on the given poses of the references of a dataset.

    Raises:
        DataError: a database that does not fit, or no point
    """
    triangulate(database, read_scene(dataset), Path(folder), LocalizationSettings.read(settings, "localization"))


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
        with _opened(features) as named:
            keypoints = {name: _keypoints(named, name, read) for name in scene.queries}
        located = locate_queries(read_triangulated(Path(folder)), scene, keypoints, read_match_chunks(matches), read)
    write_located(output, located, attributes)
    found = sum(each.pose is not None for each in located.values())
    print(f"{found} of {len(located)} queries have a pose", flush=True)


@contextmanager
def _opened(paths: Sequence[str]) -> Iterator[NamedFeatures]:
    with ExitStack() as stack:
        yield NamedFeatures([stack.enter_context(open_features(path)) for path in paths])


def _keypoints(features: NamedFeatures, name: str, settings: LocalizationSettings) -> np.ndarray:
    keypoints = features.keypoints(name).astype(np.float32)
    return keypoints if settings.colmap_half_pixel else keypoints - _HALF_PIXEL
