"""Reading ahead: threads fetch what comes next while the caller works on what it has."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def read_ahead(read: Callable[..., T], arguments: Iterable[tuple], *, workers: int, ahead: int) -> Iterator[Future[T]]:
    """Yield what ``read`` returns for each of ``arguments``, in order, as finished or running futures.

    At most ``ahead`` results beyond the one that is yielded are waiting or in the making; what was not begun when the
    caller stops is not read.
    """
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[T]] = deque()
        try:
            for each in arguments:
                waiting.append(pool.submit(read, *each))
                if len(waiting) > ahead:
                    yield waiting.popleft()
            while waiting:
                yield waiting.popleft()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
