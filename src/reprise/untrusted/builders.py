"""The functions that a pickle may call, and what the values that it builds are checked for."""

import pickle
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from reprise.untrusted.rebuild import Dtype, array_from_buffer, as_bytes, empty_array, scalar
from reprise.untrusted.tensors import parameter, tensor

SCALARS = (type(None), bool, int, float, complex, str, bytes, np.generic)
NAMESPACE = "argparse.Namespace"
_DEEPEST_KEY, _LARGEST_KEY = 10, 1000


def expect(value: Any, kind: type) -> Any:
    """Return a value, after checking that it is of a builtin kind; UnpicklingError where not."""
    if type(value) is not kind and not (kind is dict and type(value) is OrderedDict):
        raise pickle.UnpicklingError(f"{kind.__name__} expected, {type(value).__name__} found")
    return value


def checked_key(value: Any) -> Any:
    """Return a key; UnpicklingError for one that cannot be hashed, or that is larger than any key of honest files.

    The hash of a tuple that is nested a million times overflows the stack of the process, and that of one whose items
    are the same tuple, over and over, takes for ever.
    """
    if not isinstance(value, tuple):
        if not isinstance(value, SCALARS):
            raise pickle.UnpicklingError(f"a {type(value).__name__} as a key")
        return value
    waiting, count = [(value, 1)], 0
    while waiting:
        part, depth = waiting.pop()
        count += len(part)
        if depth > _DEEPEST_KEY or count > _LARGEST_KEY:
            raise pickle.UnpicklingError("a tuple of tuples, larger than any that is needed, as a key")
        for item in part:
            if isinstance(item, tuple):
                waiting.append((item, depth + 1))
            elif not isinstance(item, SCALARS):
                raise pickle.UnpicklingError(f"a {type(item).__name__} as a key")
    return value


def _members(items: Any = ()) -> list:
    return [checked_key(item) for item in expect(items, list)] if items != () else []


def _ordered(pairs: Any = ()) -> OrderedDict:
    return OrderedDict((checked_key(key), value) for key, value in pairs)


def _bytes(text: Any = "", encoding: Any = "latin1") -> bytes:
    return text if isinstance(text, bytes) else as_bytes(text, encoding)


def _path(*parts: Any) -> str:
    if not all(isinstance(part, str) for part in parts):
        raise pickle.UnpicklingError("a path is not made of texts")
    return "/".join(parts).replace("//", "/")


class Factory:
    """What a default dictionary returns for missing keys; it is ignored, since a file has no missing keys."""

    def __init__(self, *_: Any) -> None:
        pass


# By the full name in the pickle; None: it may be named, and not called.
BUILDERS: dict[str, Callable[..., Any] | None] = {
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
# Beside tensors, the published checkpoints hold scores in default dictionaries, arguments of programs, and paths.
CHECKPOINT_BUILDERS: dict[str, Callable[..., Any] | None] = {
    **BUILDERS,
    "collections.defaultdict": lambda *_: {},
    "functools.partial": Factory,
    **dict.fromkeys(["builtins.dict", "builtins.list", "builtins.int", "builtins.float", NAMESPACE]),
    **dict.fromkeys([f"pathlib.{kind}Path" for kind in ("", "Posix", "Windows", "Pure")], _path),
    **dict.fromkeys(["pathlib.PurePosixPath", "pathlib.PureWindowsPath", "pathlib._local.PosixPath"], _path),
    "torch.Size": lambda sizes=(): tuple(expect(sizes, tuple)),
    "torch._utils._rebuild_parameter": parameter,
}
