"""Where networks run."""

import torch


def best_device() -> str:
    """'cuda' where there is a GPU that torch can use, else 'cpu'."""
    return "cuda" if torch.cuda.is_available() else "cpu"
