"""Hamming embedding on files: one function per stage of the workflow."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from reprise.asmk.queries import Rankings
from reprise.codebooks.assigning import Assigned, assign_features, image_names
from reprise.codebooks.codebook import Codebook
from reprise.formats.search_results import check_images, write_found
from reprise.hamming.embedding import HammingEmbedding
from reprise.hamming.hamming_index import HammingIndex
from reprise.hamming.hqe import search_expanded
from reprise.hamming.settings import Expansion, Votes
from reprise.hamming.signatures import Signatures
from reprise.storage.timing import measured


def train_embedding(
    features: str | os.PathLike,
    codebook: str | os.PathLike,
    output: str | os.PathLike,
    *,
    num_features: int | None,
    bits: int,
    seed: int,
    attributes: Mapping[str, object],
) -> None:
    """Train an embedding on the descriptors that its codebook was trained on.

    Args:
        features: the file of features of the training images
        codebook: the file of the codebook
        output: the file of the embedding
        num_features: number of strongest descriptors of an image that are used; None for all
        bits: of a signature
        seed: of the projection
        attributes: HDF5 attributes of the file, such as the recipe

    Raises:
        DataError: files that do not fit each other
    """
    words = Codebook.load(codebook)
    parts = list(assign_features(features, words, num_features=num_features, nearest=1))
    descriptors = np.concatenate([part.descriptors for part in parts])
    assigned = np.concatenate([part.words[:, 0] for part in parts])
    HammingEmbedding.train(descriptors, assigned, words.size, bits=bits, seed=seed).save(output, attributes)


def build_hamming(
    features: str | os.PathLike,
    codebook: str | os.PathLike,
    embedding: str | os.PathLike,
    output: str | os.PathLike,
    *,
    num_features: int | None,
) -> None:
    """Build the inverted file of the signatures of a database.

    Args:
        features: the file of features of the database
        codebook: the file of the codebook
        embedding: the file of the embedding
        output: the folder of the index
        num_features: number of strongest descriptors of an image that are used; None for all

    Raises:
        DataError: files that do not fit each other
    """
    words, signer = Codebook.load(codebook), HammingEmbedding.load(embedding)
    signatures = sign_features(features, words, signer, num_features=num_features, nearest=1)
    HammingIndex.build(signatures, words.size, n_images=len(image_names(features))).save(output)


def search_hamming(
    index: str | os.PathLike,
    codebook: str | os.PathLike,
    embedding: str | os.PathLike,
    queries: str | os.PathLike,
    names: Sequence[str],
    output: str | os.PathLike,
    *,
    num_features: int | None,
    query_assignments: int,
    votes: Mapping[str, Any],
    expansion: Mapping[str, Any] | None,
    topk: int | None,
    attributes: Mapping[str, object],
) -> None:
    """Rank the images of a database for every query, and store the rankings with the names of both.

    Args:
        index: the folder of the index
        codebook: the file of the codebook
        embedding: the file of the embedding
        queries: the file of features of the queries
        names: names of all images of the database, in its order
        output: the file of rankings
        num_features: number of strongest descriptors of a query that are used; None for all
        query_assignments: number of words that each descriptor is assigned to
        votes: values of :class:`reprise.hamming.settings.Votes`
        expansion: values of :class:`reprise.hamming.settings.Expansion`; None searches once
        topk: number of images to return; None for all
        attributes: HDF5 attributes of the file of rankings, such as the recipe

    Raises:
        DataError: files that do not fit each other, or a query without features
    """
    database = HammingIndex.open(index, check=True)
    check_images(index, database.n_images, names)
    query_names = image_names(queries, every=True)
    words, signer = Codebook.load(codebook), HammingEmbedding.load(embedding)
    weights, ids = Votes(**votes), np.arange(len(query_names))
    found: Rankings
    with measured("search"):
        asked = sign_features(queries, words, signer, num_features=num_features, nearest=query_assignments)
        if expansion is None:
            found = database.search(asked, weights, query_ids=ids, topk=topk)
        else:
            found = search_expanded(database, asked, weights, Expansion(**expansion), query_ids=ids, topk=topk)
    write_found(output, found, index, query_names, names, attributes)


def sign_features(
    features: str | os.PathLike, codebook: Codebook, embedding: HammingEmbedding, *, num_features: int | None,
    nearest: int,
) -> Signatures:  # fmt: skip
    """Compute the signatures of a file of features.

    Args:
        features: the file
        codebook: the visual words
        embedding: of these words
        num_features: number of strongest descriptors of an image that are used; None for all
        nearest: number of words that each descriptor is assigned to

    Raises:
        DataError: files that do not fit each other
    """

    def sign(part: Assigned) -> Signatures:
        return embedding.encode(part.descriptors, part.words, part.image_ids)

    parts = map(sign, assign_features(features, codebook, num_features=num_features, nearest=nearest))
    none = Signatures(np.zeros(0, np.int64), np.zeros((0, embedding.bits // 64), np.uint64), np.zeros(0, np.int64))
    columns = zip(*((part.words, part.codes, part.image_ids) for part in (none, *parts)), strict=True)
    return Signatures(*map(np.concatenate, columns))
