"""What reading a file of somebody else may cost: in proportion to its size, so that a small file stays cheap.

A pickle of some hundred bytes can name the same list, or the same bytes, again and again: each mention costs three
bytes of the file, and what it stands for may be as large as the file. Honest files mention what they share a few times.
"""

import pickle
import struct
import time
import zlib
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

import numpy as np

#: Items of containers and steps per byte of the file, and what any file may cost.
ITEMS_PER_BYTE, ITEMS = 16, 100_000
#: Bytes of copies (bytes, text, arrays) per byte of the file, and what any file may cost.
COPIES, BYTES = 8, 64 << 20
#: Seconds of CPU time per byte of the file, ten times what the slowest honest file takes, and what any file may cost.
SECONDS_PER_BYTE, SECONDS = 8e-6, 5.0
#: Containers within containers. numpy overflows the stack of the process when thousands of its arrays are nested.
DEEPEST = 100
#: Keys of one hash within a file; a dictionary compares each with all others.
_COLLISIONS = 100
_STEPS_PER_LOOK = 256
_SMALL = 1 << 60
_LISTS = (list, tuple, set, frozenset)
_PLAIN = frozenset((type(None), bool, int, float, complex, str, bytes))

# Everything that a broken stream makes the interpreter of the standard library, numpy, torch or zlib raise.
DAMAGE = (
    pickle.UnpicklingError,
    ArithmeticError,
    AttributeError,
    AssertionError,
    EOFError,
    LookupError,
    MemoryError,
    RuntimeError,  # RecursionError is one
    SystemError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)


def reason(error: BaseException) -> str:
    """Describe an error of a decoder in one line of bounded length."""
    text = str(error).strip()
    return f"{type(error).__name__}: {text.splitlines()[0]:.200}" if text else type(error).__name__


class Budget:
    """Counts what reading one file costs, and stops it with an UnpicklingError.

    Args:
        size: number of bytes of the file
    """

    def __init__(self, size: int) -> None:
        self.most_items = ITEMS + ITEMS_PER_BYTE * size
        self._items = self.most_items
        self._bytes = BYTES + COPIES * size
        self._seconds = SECONDS + SECONDS_PER_BYTE * size
        self._start = time.thread_time()
        self._steps = 0
        self._hashes: Counter[int] = Counter()

    def items(self, count: int = 1) -> None:
        """Account for items that are copied or looked at."""
        self._items -= count
        if self._items < 0:
            raise pickle.UnpicklingError("it repeats its content more often than a file of this size has reason to")
        self._steps += 1
        if self._steps % _STEPS_PER_LOOK == 0 and time.thread_time() - self._start > self._seconds:
            raise pickle.UnpicklingError(f"it takes more than {self._seconds:.0f} s to read")

    def bytes(self, count: int) -> None:
        """Account for memory that is filled or reserved."""
        self._bytes -= count
        if self._bytes < 0:
            raise pickle.UnpicklingError("it takes more memory than a file of this size has reason to")

    def arguments(self, values: Iterable[Any]) -> None:
        """Account for arguments of a function, which copies them."""
        for value in values:
            if isinstance(value, (str, bytes, bytearray)):
                self.bytes(len(value))
                self.items()
            elif isinstance(value, (list, tuple, dict, set, frozenset)):
                self.items(1 + len(value))

    def key(self, value: Any) -> None:
        """Account for a key of a dictionary or an item of a set, after its type was checked."""
        self.items()
        # Hashes of texts are salted, and small integers are their own: nobody can choose those that collide.
        if isinstance(value, (str, bytes)) or (type(value) is int and -_SMALL < value < _SMALL):
            return
        code = hash(value)
        self._hashes[code] += 1
        if self._hashes[code] > _COLLISIONS * (1 + len(self._hashes) // 1000):
            raise pickle.UnpicklingError("its keys are chosen to have the same hash")


def measure(value: Any, budget: Budget, visit: Callable[[Any], None]) -> None:
    """Look at everything within nested containers, and bound what the value becomes when it is written out.

    What a file shares is written once in it, but a consumer that copies or prints the value meets it each time.

    Args:
        value: the value
        budget: bounds the number of items, shared ones counted as often as they are mentioned
        visit: called with everything that is no container; an object array is both

    Raises:
        pickle.UnpicklingError: more items than the budget allows, or more than ``DEEPEST`` containers within each other
    """
    known: dict[int, tuple[int, int]] = {}  # of a finished container: items, containers within each other
    root: list[Any] = [value]
    frames: list[list[Any]] = [[root, iter(root), 0, 0]]
    within = {id(root)}
    while frames:
        frame = frames[-1]
        for part in frame[1]:
            if not _is_container(part):
                visit(part)
                frame[2] += 1
            elif id(part) in known:
                items, depth = known[id(part)]
                frame[2] += items
                frame[3] = max(frame[3], depth)
            elif type(part) in _LISTS and _PLAIN.issuperset(map(type, part)):
                known[id(part)] = 1 + len(part), 1
                frame[2] += 1 + len(part)
                frame[3] = max(frame[3], 1)
            elif id(part) not in within:
                if isinstance(part, np.ndarray):
                    visit(part)
                within.add(id(part))
                frames.append([part, _parts(part), 1, 0])
                break
        else:
            frames.pop()
            container, _, items, depth = frame
            within.discard(id(container))
            known[id(container)] = items, depth + 1
            if frames:
                frames[-1][2] += items
                frames[-1][3] = max(frames[-1][3], depth + 1)
        if frame[2] > budget.most_items:
            raise pickle.UnpicklingError("it repeats its content more often than a file of this size has reason to")
        if len(frames) + frame[3] > DEEPEST + 1:
            raise pickle.UnpicklingError(f"it nests more than {DEEPEST} containers")


def _is_container(value: Any) -> bool:
    return isinstance(value, (dict, list, tuple, set, frozenset)) or (
        isinstance(value, np.ndarray) and value.dtype.hasobject
    )


def _parts(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        # Ordered dictionaries of torch carry the versions of its layers as an attribute.
        own = vars(value).values() if isinstance(value, OrderedDict) else ()
        return chain(value, value.values(), own)
    return iter(value.flat if isinstance(value, np.ndarray) else value)
