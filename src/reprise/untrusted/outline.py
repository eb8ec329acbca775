"""The outline of a pickle: what it would build, without building it, and with its long bytes left in the file.

Nothing is called: a call that the pickle asks for is a :class:`Call` in the outline, and a name is a :class:`Name`.
Only the instructions that arrays and tensors are written with are known.
"""

import os
import pickletools
import struct
from dataclasses import dataclass, field
from typing import Any, BinaryIO

_MOST_INSTRUCTIONS = 1000
_LONG = 1024  # bytes; longer ones are left in the file, longer texts are not of an array
_BYTES = {b"C": "<B", b"B": "<I", b"\x8e": "<Q", b"\x96": "<Q"}
_NUMBERS = (b"K", b"M", b"J", b"\x8a")
_CONSTANTS = {b"N": None, b"\x88": True, b"\x89": False, b")": ()}
_ARGUMENTS = {operation.code.encode("latin1"): operation.arg for operation in pickletools.opcodes}
_TUPLES = {b"\x85": 1, b"\x86": 2, b"\x87": 3}


class UnknownLayoutError(Exception):
    """The pickle holds something else than arrays; another reader may know it."""


@dataclass(frozen=True)
class Name:
    """A global name, as ``module.name``."""

    full: str


@dataclass(frozen=True)
class Stored:
    """Bytes that stay in the file.

    Attributes:
        place: where they start
        length: their number
    """

    place: int
    length: int


@dataclass
class Call:
    """A call, and the state that is set on what it returns."""

    function: Name
    arguments: tuple
    state: Any = None


@dataclass(frozen=True)
class Reference:
    """A persistent id."""

    identity: Any


@dataclass
class _Machine:
    handle: BinaryIO
    size: int
    stack: list[Any] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)
    memo: dict[int, Any] = field(default_factory=dict)

    def marked(self) -> list[Any]:
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def run(self, code: bytes) -> None:
        """Run one instruction on the stack."""
        stack = self.stack
        if code in _CONSTANTS:
            stack.append(_CONSTANTS[code])
        elif code in _NUMBERS:
            stack.append(self.argument(code))
        elif code in (b"\x8c", b"X"):
            stack.append(self.text("<B" if code == b"\x8c" else "<I"))
        elif code in _BYTES:
            stack.append(self.bytes(_BYTES[code]))
        elif code in (b"\x80", b"\x95"):
            self.argument(code)  # the protocol, and frames
        elif code == b"\x94":
            self.memo[len(self.memo)] = stack[-1]
        elif code in (b"q", b"r"):
            self.memo[self.argument(code)] = stack[-1]
        elif code in (b"h", b"j"):
            stack.append(self.memo[self.argument(code)])
        elif code == b"c":
            stack.append(Name(f"{self.line()}.{self.line()}"))
        elif code == b"\x93":
            name, module = stack.pop(), stack.pop()
            stack.append(Name(f"{module}.{name}"))
        elif code == b"(":
            self.marks.append(len(stack))
        elif code == b"t":
            stack.append(tuple(self.marked()))
        elif code in _TUPLES:
            items = tuple(stack[-_TUPLES[code] :])
            del stack[-_TUPLES[code] :]
            stack.append(items)
        else:
            self.build(code)

    def build(self, code: bytes) -> None:
        """Run an instruction that makes something of what is on the stack."""
        stack = self.stack
        if code == b"R":
            arguments, function = stack.pop(), stack.pop()
            stack.append(Call(function, arguments))
        elif code == b"b":
            state = stack.pop()
            stack[-1].state = state
        elif code == b"Q":
            stack.append(Reference(stack.pop()))
        elif code == b"]":
            stack.append([])
        elif code == b"a":
            item = stack.pop()
            stack[-1].append(item)
        elif code == b"e":
            items = self.marked()
            stack[-1].extend(items)
        elif code == b"}":
            stack.append({})
        elif code == b"u":
            items = self.marked()
            stack[-1].update(zip(items[::2], items[1::2], strict=True))
        elif code == b"s":
            value, key = stack.pop(), stack.pop()
            stack[-1][key] = value
        else:
            raise UnknownLayoutError(f"instruction {code!r}")

    def argument(self, code: bytes) -> Any:
        descriptor = _ARGUMENTS[code]
        assert descriptor is not None
        return descriptor.reader(self.handle)

    def line(self) -> str:
        line = self.handle.readline(_LONG)
        if not line.endswith(b"\n"):
            raise UnknownLayoutError("a long line")
        return line[:-1].decode("ascii")

    def length(self, form: str) -> int:
        length = int(struct.unpack(form, self.handle.read(struct.calcsize(form)))[0])
        if length > self.size:
            raise UnknownLayoutError("a length beyond the file")
        return length

    def text(self, form: str) -> str:
        length = self.length(form)
        if length > _LONG:
            raise UnknownLayoutError("a long text")
        return self.handle.read(length).decode("utf-8")

    def bytes(self, form: str) -> "bytes | Stored":
        length = self.length(form)
        if length <= _LONG:
            return self.handle.read(length)
        place = self.handle.tell()
        self.handle.seek(place + length)
        return Stored(place, length)


def outline(handle: BinaryIO) -> Any:
    """Read the outline of one pickle from a file at its current position, and leave it behind the pickle.

    Args:
        handle: the file, which can be sought

    Returns:
        numbers, texts, tuples, lists, dictionaries and short bytes; :class:`Name`, :class:`Stored`, :class:`Call` and
        :class:`Reference` for the rest

    Raises:
        UnknownLayoutError: instructions that no array is written with, or a damaged pickle
    """
    machine = _Machine(handle, os.fstat(handle.fileno()).st_size)
    try:
        for _ in range(_MOST_INSTRUCTIONS):
            code = handle.read(1)
            if code == b".":
                (value,) = machine.stack
                return value
            machine.run(code)
    except (ValueError, LookupError, TypeError, AttributeError, struct.error, OverflowError) as error:
        raise UnknownLayoutError(f"{type(error).__name__}: {error}") from error
    raise UnknownLayoutError("more instructions than an array needs")
