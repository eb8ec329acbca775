"""Training HNDesc (Melekhov, Laskar, Li, Wang and Kannala, 3DV 2021): crops, keypoints, losses, epochs, validation."""

from typing import TYPE_CHECKING

from reprise.storage.lazy import lazily
from reprise.training.hndesc.settings import Entry

if TYPE_CHECKING:
    from reprise.training.hndesc.training import train, train_hndesc

__all__ = ["Entry", "train", "train_hndesc"]

__getattr__ = lazily(__name__)
