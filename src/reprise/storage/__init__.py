"""Files: formats, safe reading, atomic writing, downloads. Stands at the bottom; imports nothing of reprise."""

from reprise.storage.checkpoints import load_checkpoint
from reprise.storage.errors import DataError, DownloadError
from reprise.storage.pickles import load_pickle

__all__ = ["DataError", "DownloadError", "load_checkpoint", "load_pickle"]
