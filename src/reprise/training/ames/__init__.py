"""Training AMES (Suma et al., ECCV 2024): triplets, distillation, validation by re-ranking."""

from reprise.training.ames.settings import Entry

__all__ = ["Entry"]
