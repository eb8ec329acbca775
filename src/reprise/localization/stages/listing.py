"""Stage: the list of the pairs of images that are matched."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reprise.datasets.reading import read_scene
from reprise.formats.rankings import read_ranking
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
