"""Aggregated selective match kernels: codebook, aggregation, inverted file, search (Tolias et al., ICCV 2013)."""

from reprise.asmk.aggregated_files import AggregatedFiles
from reprise.asmk.aggregation import Aggregated, aggregate
from reprise.asmk.asmk import ASMK
from reprise.asmk.inverted_file import InvertedFile
from reprise.asmk.rankings import Rankings
from reprise.asmk.together import search_together
from reprise.codebooks.codebook import Codebook
from reprise.codebooks.kmeans import sample_rows

__all__ = [
    "ASMK",
    "Aggregated",
    "AggregatedFiles",
    "Codebook",
    "InvertedFile",
    "Rankings",
    "aggregate",
    "sample_rows",
    "search_together",
]
