"""Training HOW (Tolias, Jenicek and Chum, ECCV 2020): mining, epochs, validation by search."""

from reprise.training.how.settings import Entry

__all__ = ["Entry"]
