"""Draws the miniature mirror: a small, synthetic, reproducible version of every dataset file."""

from reprise.mini.mirror import draw_mirror
from reprise.mini.parameters import MiniParameters, tiny

__all__ = ["MiniParameters", "draw_mirror", "tiny"]
