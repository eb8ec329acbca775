"""Interpreter of pickles that imports nothing and calls only the functions of a short table."""

import io
import pickle
import struct
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO, ClassVar

import numpy as np

from reprise.untrusted.budget import Budget, measure
from reprise.untrusted.builders import BUILDERS, CHECKPOINT_BUILDERS, NAMESPACE, Factory, checked_key, expect
from reprise.untrusted.rebuild import BytesText, Dtype, empty_array, fill_array
from reprise.untrusted.tensors import ITEM_SIZES, MAGIC, STORAGES, Storage


class RefusedError(Exception):
    """The pickle asks for something that plain data do not need."""


class UnknownGlobalError(RefusedError):
    """The pickle names something that is not in the table; the argument is the full name."""


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
        budget: what reading the file may cost; several pickles of a file share it
        storages: receives the storages of torch that the pickle refers to, by key; None refuses any
        tensors_as_arrays: torch tensors become numpy arrays
        checkpoint: the pickle is one of ``torch.save``, which may hold a few more kinds of data
    """

    # What the base class keeps: the values under construction and the reader of the current frame.
    stack: list[Any]
    append: Callable[[Any], None]
    pop_mark: Callable[[], list[Any]]
    read: Callable[[int], bytes]
    readinto: Callable[[bytearray], int]
    memo: dict[int, Any]

    def __init__(
        self,
        handle: BinaryIO,
        size: int,
        budget: Budget,
        storages: dict[str, Any] | None = None,
        *,
        tensors_as_arrays: bool = False,
        checkpoint: bool = False,
    ) -> None:
        super().__init__(_Limited(handle, size), encoding="latin1")
        self._size = size
        self._budget = budget
        self._storages = storages
        self._tensors_as_arrays = tensors_as_arrays
        self._table: Mapping[str, Callable[..., Any] | None] = CHECKPOINT_BUILDERS if checkpoint else BUILDERS
        self._unfilled: dict[int, np.ndarray] = {}
        self._namespaces: dict[int, dict] = {}
        self._object_arrays: list[np.ndarray] = []

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

    def dismantle(self) -> None:
        """Empty all object arrays. Freeing thousands of them that hold each other overflows the stack in numpy."""
        for array in self._object_arrays:
            array.fill(None)

    def find_class(self, module: str, name: str) -> Global:
        """Look up a global by its name, without importing anything; RefusedError outside the table."""
        full = f"{module}.{name}".replace("__builtin__.", "builtins.").replace("numpy.core.", "numpy._core.")
        if full == "torch.storage._load_from_bytes":
            return Global(full, self._storage_from_bytes)
        if full in self._table:
            return Global(full, self._table[full])
        if module in ("torch", "torch.cuda") and name in STORAGES:
            return Global(name)
        raise UnknownGlobalError(f"{module}.{name}")

    def persistent_load(self, pid: Any) -> Any:
        """Return the storage of a torch tensor that the pickle refers to; RefusedError where none is expected."""
        if self._storages is None:
            raise RefusedError("refused to read it: it refers to objects outside of the file")
        if not isinstance(pid, tuple) or len(pid) not in (5, 6) or pid[5:] not in ((), (None,)):
            raise pickle.UnpicklingError("a torch storage is not of the known form")
        kind, storage_type, key, _, length = pid[:5]
        known = isinstance(storage_type, Global) and storage_type.name in STORAGES and type(length) is int
        if kind != "storage" or not known or not isinstance(key, str) or length < 0:
            raise pickle.UnpicklingError("a torch storage is not of the known form")
        dtype = STORAGES[storage_type.name]
        if key not in self._storages:
            self._budget.bytes(length * ITEM_SIZES[dtype])
            self._storages[key] = Storage(dtype, length, as_array=self._tensors_as_arrays)
        storage = self._storages[key]
        if (storage.dtype, storage.length) != (dtype, length):
            raise pickle.UnpicklingError("a torch storage is described in two ways")
        return storage

    def _storage_from_bytes(self, data: Any) -> Storage:
        """What ``torch.storage._load_from_bytes`` stands for: a file of ``torch.save`` within the pickle."""
        if not isinstance(data, bytes):
            raise pickle.UnpicklingError("a torch storage is not of the known form")
        self._budget.items(len(data))
        return load_parts(io.BytesIO(data), len(data), self._budget, tensors_as_arrays=self._tensors_as_arrays)

    def load_reduce(self) -> None:
        """Run a call: only the functions of the table are called."""
        arguments = self.stack.pop()
        function = self.stack.pop()
        if not isinstance(function, Global) or function.build is None or not isinstance(arguments, tuple):
            name = function.name if isinstance(function, Global) else type(function).__name__
            raise RefusedError(f"refused to read it: it calls {name}")
        self._budget.arguments(arguments)
        value = function.build(*arguments)
        if function.build is empty_array:
            self._unfilled[id(value)] = value
        elif isinstance(value, np.ndarray):
            self._budget.bytes(value.nbytes)
        elif isinstance(value, (set, frozenset, OrderedDict)):
            for key in value:
                self._budget.key(key)
        self.append(value)

    def load_newobj(self) -> None:
        """Make an ``argparse.Namespace``, in place of which a dictionary is read; RefusedError for any other class."""
        arguments = self.stack.pop()
        kind = self.stack.pop()
        if self._table is BUILDERS or not isinstance(kind, Global) or kind.name != NAMESPACE or arguments != ():
            self.load_refused()
        value: dict = {}
        self._namespaces[id(value)] = value
        self.append(value)

    def load_build(self) -> None:
        """Set the state of a value that was just created; RefusedError for any other object."""
        state = self.stack.pop()
        value = self.stack[-1]
        self._budget.arguments(state if isinstance(state, tuple) else (state,))
        if isinstance(value, Dtype):
            value.__setstate__(state)
        elif id(value) in self._unfilled:
            array = self._unfilled.pop(id(value))
            fill_array(array, state)
            if array.dtype.hasobject:
                self._object_arrays.append(array)
        elif self._table is CHECKPOINT_BUILDERS and isinstance(value, OrderedDict):
            _set_metadata(value, state)
        elif id(value) in self._namespaces:
            self._namespaces.pop(id(value)).update(
                {checked_key(name): item for name, item in expect(state, dict).items()}
            )
        elif not isinstance(value, Factory):
            raise RefusedError(f"refused to read it: it sets the state of a {type(value).__name__}")

    def load_refused(self) -> None:
        """Refuse an instruction that builds objects."""
        raise RefusedError("refused to read it: it builds objects of a class of its own")

    def load_bytearray8(self) -> None:
        """Read a bytearray, after comparing its length with the size of the file."""
        (length,) = struct.unpack("<Q", self.read(8))
        if length > self._size:
            raise pickle.UnpicklingError(f"a length of {length} bytes in a file of {self._size} bytes")
        self._budget.bytes(length)
        value = bytearray(length)
        if self.readinto(value) != length:
            raise EOFError("the file ends early")
        self.append(value)

    def load_append(self) -> None:
        """Append one value to a list; the base class would call ``append`` of any object."""
        value = self.stack.pop()
        expect(self.stack[-1], list).append(value)

    def load_appends(self) -> None:
        """Append several values to a list."""
        values = self.pop_mark()
        expect(self.stack[-1], list).extend(values)

    def load_setitem(self) -> None:
        """Set one item of a dictionary."""
        value = self.stack.pop()
        key = self.stack.pop()
        expect(self.stack[-1], dict)[self._hashed(key)] = value

    def load_setitems(self) -> None:
        """Set several items of a dictionary."""
        items = self.pop_mark()
        expect(self.stack[-1], dict).update(self._pairs(items))

    def load_dict(self) -> None:
        """Build a dictionary from keys and values."""
        items = self.pop_mark()  # which changes what self.append is
        self.append(dict(self._pairs(items)))

    def load_additems(self) -> None:
        """Add several values to a set."""
        items = self.pop_mark()
        expect(self.stack[-1], set).update(map(self._hashed, items))

    def load_frozenset(self) -> None:
        """Build a frozenset."""
        items = self.pop_mark()
        self.append(frozenset(map(self._hashed, items)))

    def _pairs(self, items: list) -> Iterator[tuple[Any, Any]]:
        return zip(map(self._hashed, items[::2]), items[1::2], strict=True)

    def _hashed(self, value: Any) -> Any:
        """Return a key, after checking that hashing it is safe and that it is not one of many of the same hash."""
        self._budget.key(checked_key(value))
        return value


Interpreter.dispatch.update(
    {
        **{
            code[0]: Interpreter.load_refused
            for code in (
                *(pickle.INST, pickle.OBJ, pickle.NEWOBJ_EX),
                *(pickle.EXT1, pickle.EXT2, pickle.EXT4),
                *(pickle.NEXT_BUFFER, pickle.READONLY_BUFFER),
            )
        },
        pickle.REDUCE[0]: Interpreter.load_reduce,
        pickle.NEWOBJ[0]: Interpreter.load_newobj,
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


def _set_metadata(value: OrderedDict, state: Any) -> None:
    # torch keeps the versions of the layers of a network beside its parameters.
    if not isinstance(state, dict) or list(state) != ["_metadata"] or not isinstance(state["_metadata"], dict):
        raise pickle.UnpicklingError("a dictionary has attributes that torch does not give it")
    value._metadata = state["_metadata"]  # type: ignore[attr-defined]


def load_parts(
    handle: BinaryIO,
    size: int,
    budget: Budget,
    *,
    tensors_as_arrays: bool = False,
    visit: Callable[[Any], None] | None = None,
) -> Any:
    """Read what ``torch.save`` wrote before it wrote zip files: five pickles, and behind them the storages.

    Args:
        handle: the file, at its start
        size: number of bytes of the file
        budget: what reading the file may cost
        tensors_as_arrays: torch tensors become numpy arrays
        visit: the file is a checkpoint, which may hold what checkpoints hold; called with all that is no container.
            None for a storage within a pickle

    Returns:
        the fourth of the pickles, the value that was saved

    Raises:
        pickle.UnpicklingError: another file, or one of a machine of another byte order
    """
    storages: dict[str, Storage] = {}
    magic, protocol, system = (Interpreter(handle, size, budget).load() for _ in range(3))
    if magic != MAGIC or protocol != 1001 or not isinstance(system, dict) or system.get("little_endian") is not True:
        raise pickle.UnpicklingError("it does not begin as a file of torch")
    interpreter = Interpreter(
        handle, size, budget, storages, tensors_as_arrays=tensors_as_arrays, checkpoint=visit is not None
    )
    try:
        value = interpreter.load()
        keys = Interpreter(handle, size, budget).load()
        if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys) or set(keys) != set(storages):
            raise pickle.UnpicklingError("a torch storage is not of the known form")
        for key in keys:
            storages[key].read_after_length(handle)
        if visit is not None:
            measure(value, budget, visit)
    except BaseException:
        interpreter.dismantle()
        raise
    return value
