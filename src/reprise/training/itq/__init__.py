"""Fitting the matrix that a binarized AMES starts from, by iterative quantisation."""

from reprise.training.itq.settings import Entry

__all__ = ["Entry"]
