"""Aggregated selective match kernels: codebook, aggregation, inverted file, search (Tolias et al., ICCV 2013)."""

from reprise.asmk.aggregation import Aggregated, aggregate
from reprise.asmk.asmk import ASMK
from reprise.asmk.codebook import Codebook, parse_size, sample_rows
from reprise.asmk.inverted_file import InvertedFile, Rankings

__all__ = ["ASMK", "Aggregated", "Codebook", "InvertedFile", "Rankings", "aggregate", "parse_size", "sample_rows"]
