"""Work on pairs of images in several threads, each of which has a pair of its own."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

from reprise.storage.threads import thread_count

Item = TypeVar("Item")
Result = TypeVar("Result")


def side_by_side(function: Callable[[Item], Result], items: Iterable[Item], threads: int | None = None) -> list[Result]:
    """Call a function for each item, in threads that have one thread of torch each.

    That is faster than many threads on one pair, which wait for each other after each product of matrices.

    Args:
        function: of an item; it has to release the interpreter, as NumPy, torch and OpenCV do
        items: what it is called with
        threads: how many; None for as many as torch has

    Returns:
        the results, in the order of the items

    Raises:
        DataError: a number of threads below 1
    """
    before = torch.get_num_threads()
    count = thread_count(threads, before)
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(count) as pool:
            return list(pool.map(function, items))
    finally:
        torch.set_num_threads(before)
