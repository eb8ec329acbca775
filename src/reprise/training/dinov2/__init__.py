"""A small DINOv2 without training, for trials without a download."""

from reprise.training.dinov2.settings import Entry

__all__ = ["Entry"]
