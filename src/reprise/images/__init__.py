"""Images: decoding, query boxes, and the preparations of the published systems."""

from reprise.images.boxes import Box, BoxUse
from reprise.images.decoding import decode, decode_bgr
from reprise.images.preparations import load_preparation
from reprise.images.prepared import PreparedImage, ScaledImage
from reprise.images.sources import ImageSource
from reprise.images.tensors import BGR, IMAGENET, to_tensor

__all__ = [
    "BGR",
    "IMAGENET",
    "Box",
    "BoxUse",
    "ImageSource",
    "PreparedImage",
    "ScaledImage",
    "decode",
    "decode_bgr",
    "load_preparation",
    "to_tensor",
]
