"""Bags of visual words on files: one function per stage of the workflow."""

import os
from collections.abc import Mapping, Sequence

import numpy as np

from reprise.bow.bag_of_words import BagOfWords
from reprise.codebooks.assigning import assign_features, image_names
from reprise.codebooks.codebook import Codebook
from reprise.formats.search_results import check_images, write_found
from reprise.storage.timing import measured


def build_bow(
    features: str | os.PathLike, codebook: str | os.PathLike, output: str | os.PathLike, *, num_features: int | None
) -> None:
    """Build the inverted file of a database.

    Args:
        features: the file of features of the database
        codebook: the file of the codebook
        output: the folder of the index
        num_features: number of strongest descriptors of an image that are used; None for all

    Raises:
        DataError: files that do not fit each other
    """
    words = Codebook.load(codebook)
    index = _index(features, words, num_features)
    index.save(output)


def _index(features: str | os.PathLike, codebook: Codebook, num_features: int | None) -> BagOfWords:
    parts = [
        (part.words[:, 0], part.image_ids)
        for part in assign_features(features, codebook, num_features=num_features, nearest=1)
    ]
    none = np.zeros(0, np.int64)
    words, image_ids = (np.concatenate(column) for column in zip((none, none), *parts, strict=True))
    return BagOfWords.build(words, image_ids, codebook.size, n_images=len(image_names(features)))


def search_bow(
    index: str | os.PathLike,
    codebook: str | os.PathLike,
    queries: str | os.PathLike,
    names: Sequence[str],
    output: str | os.PathLike,
    *,
    num_features: int | None,
    query_assignments: int,
    topk: int | None,
    attributes: Mapping[str, object],
) -> None:
    """Rank the images of a database for every query, and store the rankings with the names of both.

    Args:
        index: the folder of the index
        codebook: the file of the codebook
        queries: the file of features of the queries
        names: names of all images of the database, in its order
        output: the file of rankings
        num_features: number of strongest descriptors of a query that are used; None for all
        query_assignments: number of words that each descriptor is assigned to
        topk: number of images to return; None for all
        attributes: HDF5 attributes of the file of rankings, such as the recipe

    Raises:
        DataError: files that do not fit each other, or a query without features
    """
    database, words = BagOfWords.open(index, check=True), Codebook.load(codebook)
    check_images(index, database.n_images, names)
    query_names = image_names(queries, every=True)
    with measured("search"):
        parts = list(assign_features(queries, words, num_features=num_features, nearest=query_assignments))
        found = database.search(
            database.vectors(
                np.concatenate([part.words for part in parts]),
                np.concatenate([part.image_ids for part in parts]),
                len(query_names),
            ),
            topk=topk,
        )
    write_found(output, found, index, query_names, names, attributes)
