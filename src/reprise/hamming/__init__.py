"""Hamming embedding and its query expansion (Jegou et al., ECCV 2008; Tolias and Jegou, Pattern Recognition 2014)."""

from typing import TYPE_CHECKING

from reprise.storage.lazy import lazily

if TYPE_CHECKING:
    from reprise.codebooks.centring import centred
    from reprise.hamming.embedding import HammingEmbedding
    from reprise.hamming.explanation import explain
    from reprise.hamming.hamming_index import HammingIndex
    from reprise.hamming.hqe import Expanded, expand, search_expanded
    from reprise.hamming.signatures import Signatures

__all__ = [
    "Expanded", "HammingEmbedding", "HammingIndex", "Signatures", "centred", "expand", "explain", "search_expanded",
]  # fmt: skip

__getattr__ = lazily(__name__)
