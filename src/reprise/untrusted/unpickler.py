"""Interpreter of pickles that imports nothing and calls only the functions of a short table."""

import io
import pickle
import struct
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, ClassVar

import numpy as np

from reprise.untrusted.rebuild import BytesText, Dtype, array_from_buffer, as_bytes, empty_array, fill_array, scalar
from reprise.untrusted.tensors import MAGIC, STORAGES, Storage, tensor

SCALARS = (type(None), bool, int, float, complex, str, bytes, np.generic)


class RefusedError(Exception):
    """The pickle asks for something that plain data do not need."""


class Global:
    """A global name that a pickle may contain.

    Args:
        name: the full name, for messages
        build: the function that is called in its place; None if it may not be called
    """

    def __init__(self, name: str, build: Callable[..., Any] | None = None) -> None:
        self.name = name
        self.build = build


class _Limited:
    """A file that is never asked for more bytes than it has: a false length must not allocate memory."""

    def __init__(self, handle: BinaryIO, size: int) -> None:
        self._handle = handle
        self.size = size

    def read(self, count: int) -> bytes:
        if count > self.size:
            raise pickle.UnpicklingError(f"a length of {count} bytes in a file of {self.size} bytes")
        return self._handle.read(count)

    def readline(self) -> bytes:
        line = self._handle.readline()
        if not line.endswith(b"\n"):
            raise EOFError("it ends within a line")
        return line


class Interpreter(pickle._Unpickler):
    """The interpreter of the standard library, with every instruction that calls something replaced.

    Args:
        handle: the file, at the start of the pickle
        size: number of bytes of the file
        storages: receives the storages of torch that the pickle refers to, by key; None refuses any
    """

    # What the base class keeps: the values under construction and the reader of the current frame.
    stack: list[Any]
    append: Callable[[Any], None]
    pop_mark: Callable[[], list[Any]]
    read: Callable[[int], bytes]
    readinto: Callable[[bytearray], int]

    def __init__(
        self, handle: BinaryIO, size: int, storages: dict[str, Any] | None = None, *, tensors_as_arrays: bool = False
    ) -> None:
        super().__init__(_Limited(handle, size), encoding="latin1")
        self._size = size
        self._storages = storages
        self._tensors_as_arrays = tensors_as_arrays
        self._unfilled: dict[int, np.ndarray] = {}

    def _decode_string(self, value: bytes) -> str:
        """Decode a string of Python 2, which is text or the data of an array."""
        try:
            return value.decode("ascii")
        except UnicodeDecodeError:
            return BytesText(value)

    dispatch: ClassVar[dict[int, Any]] = dict(pickle._Unpickler.dispatch)

    def load(self) -> Any:
        """Run the pickle and return its value; UnpicklingError where an array is left without data."""
        value = super().load()
        if self._unfilled:
            raise pickle.UnpicklingError("a numpy array without data")
        return value

    def find_class(self, module: str, name: str) -> Global:
        """Look up a global by its name, without importing anything; RefusedError outside the table."""
        full = f"{module}.{name}".replace("__builtin__.", "builtins.").replace("numpy.core.", "numpy._core.")
        if full == "torch.storage._load_from_bytes":
            return Global(full, self._storage_from_bytes)
        if full in _BUILDERS:
            return Global(full, _BUILDERS[full])
        if module in ("torch", "torch.cuda") and name in STORAGES:
            return Global(name)
        raise RefusedError(
            f"refused to read it: it names {module}.{name}, and a pickle that names anything but numpy "
            "arrays, torch tensors and containers can run any program. If you trust it, convert it first."
        )

    def persistent_load(self, pid: Any) -> Any:
        """Return the storage of a torch tensor that the pickle refers to; RefusedError where none is expected."""
        if self._storages is None:
            raise RefusedError("refused to read it: it refers to objects outside of the file")
        kind, storage_type, key, _, length, view = pid
        known = isinstance(storage_type, Global) and storage_type.name in STORAGES
        if kind != "storage" or not known or not isinstance(key, str) or view is not None:
            raise pickle.UnpicklingError("a torch storage is not of the known form")
        storage = Storage(STORAGES[storage_type.name], length, as_array=self._tensors_as_arrays)
        self._storages[key] = storage
        return storage

    def _storage_from_bytes(self, data: Any) -> Storage:
        """What ``torch.storage._load_from_bytes`` stands for: a file of ``torch.save`` within the pickle."""
        if not isinstance(data, bytes):
            raise pickle.UnpicklingError("a torch storage is not of the known form")
        handle = io.BytesIO(data)
        storages: dict[str, Storage] = {}
        parts = [
            Interpreter(handle, len(data), storages, tensors_as_arrays=self._tensors_as_arrays).load() for _ in range(5)
        ]
        magic, protocol, system, value, keys = parts
        if magic != MAGIC or protocol != 1001 or not system["little_endian"] or keys != list(storages):
            raise pickle.UnpicklingError("a torch storage is not of the known form")
        for key in keys:
            storages[key].read(handle)
        return value

    def load_reduce(self) -> None:
        """Run a call: only the functions of the table are called."""
        arguments = self.stack.pop()
        function = self.stack.pop()
        if not isinstance(function, Global) or function.build is None or not isinstance(arguments, tuple):
            name = function.name if isinstance(function, Global) else type(function).__name__
            raise RefusedError(f"refused to read it: it calls {name}")
        value = function.build(*arguments)
        if function.build is empty_array:
            self._unfilled[id(value)] = value
        self.append(value)

    def load_build(self) -> None:
        """Set the state of a dtype or of an array that was just created; RefusedError for any other object."""
        state = self.stack.pop()
        value = self.stack[-1]
        if isinstance(value, Dtype):
            value.__setstate__(state)
        elif id(value) in self._unfilled:
            fill_array(self._unfilled.pop(id(value)), state)
        else:
            raise RefusedError(f"refused to read it: it sets the state of a {type(value).__name__}")

    def load_refused(self) -> None:
        """Refuse an instruction that builds objects."""
        raise RefusedError("refused to read it: it builds objects of a class of its own")

    def load_bytearray8(self) -> None:
        """Read a bytearray, after comparing its length with the size of the file."""
        (length,) = struct.unpack("<Q", self.read(8))
        if length > self._size:
            raise pickle.UnpicklingError(f"a length of {length} bytes in a file of {self._size} bytes")
        value = bytearray(length)
        if self.readinto(value) != length:
            raise EOFError("the file ends early")
        self.append(value)

    def load_append(self) -> None:
        """Append one value to a list; the base class would call ``append`` of any object."""
        value = self.stack.pop()
        _expect(self.stack[-1], list).append(value)

    def load_appends(self) -> None:
        """Append several values to a list."""
        values = self.pop_mark()
        _expect(self.stack[-1], list).extend(values)

    def load_setitem(self) -> None:
        """Set one item of a dictionary."""
        value = self.stack.pop()
        key = self.stack.pop()
        _expect(self.stack[-1], dict)[_key(key)] = value

    def load_setitems(self) -> None:
        """Set several items of a dictionary."""
        items = self.pop_mark()
        _expect(self.stack[-1], dict).update(zip(map(_key, items[::2]), items[1::2], strict=True))

    def load_dict(self) -> None:
        """Build a dictionary from keys and values."""
        items = self.pop_mark()
        self.append(dict(zip(map(_key, items[::2]), items[1::2], strict=True)))

    def load_additems(self) -> None:
        """Add several values to a set."""
        items = self.pop_mark()
        _expect(self.stack[-1], set).update(map(_key, items))

    def load_frozenset(self) -> None:
        """Build a frozenset."""
        items = self.pop_mark()
        self.append(frozenset(map(_key, items)))


Interpreter.dispatch.update(
    {
        **{
            code[0]: Interpreter.load_refused
            for code in (
                *(pickle.INST, pickle.OBJ, pickle.NEWOBJ, pickle.NEWOBJ_EX),
                *(pickle.EXT1, pickle.EXT2, pickle.EXT4),
                *(pickle.NEXT_BUFFER, pickle.READONLY_BUFFER),
            )
        },
        pickle.REDUCE[0]: Interpreter.load_reduce,
        pickle.BUILD[0]: Interpreter.load_build,
        pickle.BYTEARRAY8[0]: Interpreter.load_bytearray8,
        pickle.APPEND[0]: Interpreter.load_append,
        pickle.APPENDS[0]: Interpreter.load_appends,
        pickle.SETITEM[0]: Interpreter.load_setitem,
        pickle.SETITEMS[0]: Interpreter.load_setitems,
        pickle.DICT[0]: Interpreter.load_dict,
        pickle.ADDITEMS[0]: Interpreter.load_additems,
        pickle.FROZENSET[0]: Interpreter.load_frozenset,
    }
)


def _expect(value: Any, kind: type) -> Any:
    if type(value) is not kind and not (kind is dict and type(value) is OrderedDict):
        raise pickle.UnpicklingError(f"{kind.__name__} expected, {type(value).__name__} found")
    return value


def _key(value: Any, depth: int = 0) -> Any:
    # The hash of a tuple that is nested a million times overflows the stack of the process.
    if isinstance(value, tuple) and depth < 10:
        for item in value:
            _key(item, depth + 1)
    elif not isinstance(value, SCALARS):
        raise pickle.UnpicklingError(f"a {type(value).__name__} as a key")
    return value


def _members(items: Any = ()) -> list:
    return [_key(item) for item in _expect(items, list)] if items != () else []


def _ordered(pairs: Any = ()) -> OrderedDict:
    return OrderedDict((_key(key), value) for key, value in pairs)


def _bytes(text: Any = "", encoding: Any = "latin1") -> bytes:
    return text if isinstance(text, bytes) else as_bytes(text, encoding)


def leaves(value: Any) -> Iterator[Any]:
    """Iterate over everything within nested containers that is no container itself.

    Keys of dictionaries are included. An object array is both: it is returned, and so are its items.
    """
    waiting, seen = [value], set()
    while waiting:
        item = waiting.pop()
        if isinstance(item, (dict, list, tuple, set, frozenset)):
            if id(item) not in seen:
                seen.add(id(item))
                waiting.extend(item)
                waiting.extend(item.values() if isinstance(item, dict) else ())
            continue
        if isinstance(item, np.ndarray) and item.dtype.hasobject and id(item) not in seen:
            seen.add(id(item))
            waiting.extend(item.ravel())
        yield item


_BUILDERS: dict[str, Callable[..., Any] | None] = {
    "builtins.set": lambda items=(): set(_members(items)),
    "builtins.frozenset": lambda items=(): frozenset(_members(items)),
    "builtins.bytes": _bytes,
    "builtins.bytearray": lambda text="", encoding="latin1": bytearray(_bytes(text, encoding)),
    "builtins.complex": lambda real, imaginary: complex(float(real), float(imaginary)),
    "collections.OrderedDict": _ordered,
    "_codecs.encode": as_bytes,
    "numpy.ndarray": None,
    "numpy.dtype": Dtype,
    "numpy._core.multiarray._reconstruct": empty_array,
    "numpy._core.multiarray.scalar": scalar,
    "numpy._core.numeric._frombuffer": array_from_buffer,
    "torch._utils._rebuild_tensor_v2": tensor,
}
