"""Errors, atomic writes, hashes, HDF5 helpers, reading ahead: independent of the formats of this project.

``load_pickle`` and ``load_checkpoint`` are public names from before safe reading got a package of its own
(:mod:`reprise.untrusted`); they stay.
"""

from typing import TYPE_CHECKING

from reprise.storage.errors import DataError, DownloadError
from reprise.storage.lazy import lazily
from reprise.storage.threads import thread_count

if TYPE_CHECKING:  # they import this package themselves
    from reprise.untrusted.checkpoints import load_checkpoint
    from reprise.untrusted.pickles import load_pickle

__all__ = ["DataError", "DownloadError", "load_checkpoint", "load_pickle", "thread_count"]
__getattr__ = lazily(__name__)
