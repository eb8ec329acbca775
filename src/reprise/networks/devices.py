"""The device that a network runs on."""

import functools
import os
import tempfile
from pathlib import Path

import torch
from filelock import FileLock, Timeout


@functools.cache
def best_device() -> str:
    """Choose the device of this process.

    Of several GPUs, a process gets one that no other process of this user holds, and holds it until it ends, so that
    jobs that run at the same time use different GPUs of a machine. More processes than GPUs share them.

    Returns:
        ``cpu``, ``cuda`` where torch can use one GPU, or ``cuda:<i>`` where it can use several
    """
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if count < 2:
        return "cuda" if count else "cpu"
    # The number of a device depends on which devices are visible to a process.
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
