"""Where networks run."""

import functools
import os
import tempfile
from pathlib import Path

import torch
from filelock import FileLock, Timeout


@functools.cache
def best_device() -> str:
    """'cpu', 'cuda' where torch can use one GPU, or 'cuda:i' where it can use several.

    Of several, a process gets one that no other process of this user holds, and holds it until it ends: jobs that run
    side by side spread over the GPUs of a machine. More processes than GPUs share them.
    """
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if count < 2:
        return "cuda" if count else "cpu"
    # The number of a device depends on which of them a process may see.
    names = [str(torch.cuda.get_device_properties(index).uuid) for index in range(count)]
    return f"cuda:{_first_free(names)}"


def _first_free(names: list[str]) -> int:
    for index, name in enumerate(names):
        lock = FileLock(Path(tempfile.gettempdir()) / f"reprise-{os.getuid()}-{name}.lock")
        try:
            lock.acquire(blocking=False)
        except Timeout:
            continue
        _held.append(lock)
        return index
    return os.getpid() % len(names)


_held: list[FileLock] = []  # a lock that is forgotten is released
