"""Bags of visual words: tf-idf, inverted file, search and average query expansion (Sivic and Zisserman, ICCV 2003)."""

from typing import TYPE_CHECKING

from reprise.storage.lazy import lazily

if TYPE_CHECKING:
    from reprise.bow.bag_of_words import BagOfWords
    from reprise.bow.expansion import mean_vectors
    from reprise.bow.explanation import explain

__all__ = ["BagOfWords", "explain", "mean_vectors"]

__getattr__ = lazily(__name__)
