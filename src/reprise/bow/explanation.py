"""Why an image has its score for a query of bags of words: what each visual word, and each local feature, gives."""

import numpy as np

from reprise.asmk.image_words import links, postings_of
from reprise.asmk.postings import as_integers
from reprise.asmk.shares import Explanation, Shares, largest_first
from reprise.bow.bag_of_words import BagOfWords
from reprise.storage.errors import DataError


def explain(index: BagOfWords, image_id: int, query_words: np.ndarray, image_words: np.ndarray) -> Explanation:
    """Divide the score of a query and an image among visual words, and among the features of both.

    The contribution of a word is the product of its entries in both tf-idf vectors, divided by their lengths. All
    features of a word in an image give the same share of it, since the bag only counts them. The vector of the database
    image is that of the index, so that the score is the one of the ranking, whatever its features are.

    Source: the score is that of Sivic and Zisserman, ICCV 2003; its division among features is our own.

    Args:
        index: the bags of words of the database
        image_id: the image in the index
        query_words: (n,) integers, the word of each feature of the query; or (n, a) for several words of each
        image_words: (m,) or (m, 1) integers, the words of the features of the image, as of
            :func:`reprise.asmk.assigned_within`

    Returns:
        the explanation; a word of the index to which no feature of the image is assigned has no share in it

    Raises:
        DataError: words that the index does not have, or an image that is not in it
    """
    if not 0 <= image_id < index.n_images:
        raise DataError(f"image_id: is {image_id}, and the index has {index.n_images} images")
    asked, found = (
        _columns(words, name) for words, name in ((query_words, "query_words"), (image_words, "image_words"))
    )
    vector = index.vectors(asked, np.zeros(len(asked), np.int64), 1)
    rows, places = postings_of(index, vector.indices.astype(np.int64), image_id)
    words, entries = vector.indices[rows].astype(np.int64), vector.data[rows]
    # Summed and divided in the order of the search, so that the score is its to the last bit.
    products = entries * index.idf[words] * index.frequencies[places]
    lengths = float(np.sqrt(np.dot(vector.data, vector.data))) or 1.0
    norm = float(index.norms[image_id]) or 1.0
    order = largest_first(products)
    chosen, contributions = words[order], products[order] / norm / lengths
    return Explanation(
        float(np.cumsum(products)[-1:].sum() / norm / lengths),
        chosen,
        contributions,
        _shares(asked, chosen, contributions),
        _shares(found, chosen, contributions),
    )


def _columns(words: np.ndarray, name: str) -> np.ndarray:
    """Return words as (n, a) int64."""
    if np.ndim(words) == 2:
        return as_integers(words, name, (None, None))
    return as_integers(words, name, (None,))[:, None]


def _shares(words: np.ndarray, chosen: np.ndarray, contributions: np.ndarray) -> Shares:
    """Divide the contributions of words among the features (n, a) that have them, in equal parts."""
    rows, places = links(words, chosen)
    counts = np.bincount(places, minlength=len(chosen))
    return Shares(rows, places, contributions[places] / counts[places])
