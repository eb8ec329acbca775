"""The loop, states and curves that all trainings share, and what each system adds: mining, losses, validation."""

from typing import TYPE_CHECKING

from reprise.storage.lazy import lazily

if TYPE_CHECKING:
    from reprise.training.hardnet.hardnet_loss import hardnet_loss
    from reprise.training.hndesc.average_precision import average_precision_loss
    from reprise.training.how.settings import TrainingSettings
    from reprise.training.how.training import train_how
    from reprise.training.losses import contrastive_loss

__all__ = ["TrainingSettings", "average_precision_loss", "contrastive_loss", "hardnet_loss", "train_how"]

__getattr__ = lazily(__name__)
