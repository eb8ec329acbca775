"""How many threads a parallel loop may start, and why it is one in forked processes.

A process that is forked (``multiprocessing`` before Python 3.14, workers of a DataLoader, servers that fork in advance)
inherits the record of OpenMP's threads, but not the threads: the first parallel loop then waits for them for ever, in
faiss, in torch and in the compiled functions of this project alike. One thread waits for no other, and gives the same
results.
"""

import os
import sys

from reprise.storage.arguments import count

#: More are refused: where the system cannot start as many, OpenMP ends the process.
_MOST = 1024

_forked = False


def thread_count(threads: int | None, default: int) -> int:
    """Return the number of threads of a parallel loop.

    Args:
        threads: as many as were asked for, or None
        default: how many OpenMP would start (OMP_NUM_THREADS, else all cores)

    Returns:
        ``threads`` or the default; 1 in a process that was forked from one that had imported this package

    Raises:
        DataError: no whole number from 1 to 1024
    """
    wanted = default if threads is None else count("threads", threads, maximum=_MOST)
    return 1 if _forked else wanted


def _after_in_child() -> None:
    global _forked
    _forked = True
    for module, function in (("faiss", "omp_set_num_threads"), ("torch", "set_num_threads")):
        # A module that was being imported at the moment of the fork lacks the function, and has no threads yet.
        set_threads = getattr(sys.modules.get(module), function, None)
        if set_threads is not None:
            set_threads(1)


# The package imports this module, so that every part of reprise that starts threads has it.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_in_child)
