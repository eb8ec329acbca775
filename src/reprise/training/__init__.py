"""Losses, mining, and one training loop per system."""

from reprise.training.how.settings import TrainingSettings
from reprise.training.how.training import train_how
from reprise.training.losses import contrastive_loss

__all__ = ["TrainingSettings", "contrastive_loss", "train_how"]
