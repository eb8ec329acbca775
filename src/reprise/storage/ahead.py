"""Reading ahead: threads read the next items while the caller works on the current one."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def read_ahead(read: Callable[..., T], arguments: Iterable[tuple], *, workers: int, ahead: int) -> Iterator[Future[T]]:
    """Yield what ``read`` returns for each of ``arguments``, in order, as finished or running futures.

    Items that were not begun when the caller stops are not read.

    Args:
        read: the function that reads one item
        arguments: the arguments of each call
        workers: number of threads
        ahead: largest number of results, beyond the one that is yielded, that are waiting or being read
    """
    pool, waiting = ThreadPoolExecutor(workers), deque[Future[T]]()
    try:
        for each in arguments:
            waiting.append(pool.submit(read, *each))
            if len(waiting) > ahead:
                yield waiting.popleft()
        while waiting:
            yield waiting.popleft()
    finally:
        # Without waiting for what is being read: a caller that stopped early leaves this to the garbage collector,
        # which may run in a thread that is just starting, and such a thread would wait for itself.
        pool.shutdown(wait=False, cancel_futures=True)
