"""Files from other people: pickles, checkpoints and tensors, read without running any code that they name."""

from reprise.untrusted.checkpoints import load_checkpoint
from reprise.untrusted.pickles import load_pickle

__all__ = ["load_checkpoint", "load_pickle"]
