"""Aggregated selective match kernels: aggregation, inverted file, search (Tolias et al., ICCV 2013)."""

from typing import TYPE_CHECKING

from reprise.storage.lazy import lazily

if TYPE_CHECKING:
    from reprise.asmk.aggregated_files import AggregatedFiles
    from reprise.asmk.aggregation import aggregate
    from reprise.asmk.asmk import ASMK
    from reprise.asmk.explanation import explain
    from reprise.asmk.image_words import assigned_within, words_of_images
    from reprise.asmk.inverted_file import InvertedFile
    from reprise.asmk.postings import Aggregated
    from reprise.asmk.queries import Rankings
    from reprise.asmk.shares import Explanation, Pairs, Shares
    from reprise.asmk.together import search_together
    from reprise.codebooks.codebook import Codebook
    from reprise.codebooks.kmeans import sample_rows

__all__ = [
    "ASMK",
    "Aggregated",
    "AggregatedFiles",
    "Codebook",
    "Explanation",
    "InvertedFile",
    "Pairs",
    "Rankings",
    "Shares",
    "aggregate",
    "assigned_within",
    "explain",
    "sample_rows",
    "search_together",
    "words_of_images",
]

__getattr__ = lazily(__name__)
