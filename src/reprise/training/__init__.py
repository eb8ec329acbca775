"""Losses, mining, and one training loop per system."""

from reprise.training.how import train_how
from reprise.training.how_settings import TrainingSettings
from reprise.training.losses import contrastive_loss

__all__ = ["TrainingSettings", "contrastive_loss", "train_how"]
