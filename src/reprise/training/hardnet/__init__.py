"""Training HardNet (Mishchuk, Mishkin, Radenovic and Matas, NIPS 2017): sampling, losses, epochs, FPR95."""

from typing import TYPE_CHECKING

from reprise.storage.lazy import lazily
from reprise.training.hardnet.settings import Entry

if TYPE_CHECKING:
    from reprise.training.hardnet.training import train, train_hardnet

__all__ = ["Entry", "train", "train_hardnet"]

__getattr__ = lazily(__name__)
