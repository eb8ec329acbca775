"""Checkpoints of torch, read without running any code that they name."""

import os
import pickle
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from reprise.storage.errors import DataError
from reprise.untrusted.rebuild import Dtype, scalar
from reprise.untrusted.unpickler import leaves

_DAMAGE = (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, TypeError, LookupError, AttributeError)


class _Factory:
    """What a default dictionary returns for missing keys; it is ignored, since a file has no missing keys."""

    def __init__(self, *parts: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        pass


def _plain_dict(*_: Any) -> dict:
    return {}


# Beside tensors, the published checkpoints hold scores in default dictionaries, and numbers of numpy.
_ALLOWED: list[Callable | tuple[Callable, str]] = [
    (_plain_dict, "collections.defaultdict"),
    (_Factory, "functools.partial"),
    *((_Factory, f"builtins.{name}") for name in ("dict", "list", "int", "float")),
    (Dtype, "numpy.dtype"),
    (scalar, "numpy.core.multiarray.scalar"),
    (scalar, "numpy._core.multiarray.scalar"),
]


def load_checkpoint(path: str | os.PathLike) -> dict[str, Any]:
    """Read a dictionary written by ``torch.save``.

    Beside tensors and builtin containers the file may hold default dictionaries, which are returned as
    dictionaries, and numpy scalars. Everything else is refused, and no code of the file is run.

    Args:
        path: the file

    Returns:
        the dictionary, all tensors on the CPU

    Raises:
        DataError: the file is damaged, names another global, or holds no dictionary
    """
    import torch

    path = Path(path)
    with path.open("rb") as handle:
        if handle.read(4) == b"PK\x03\x04" and not zipfile.is_zipfile(path):
            raise _damaged(path, "the end of the file is missing")
    try:
        with torch.serialization.safe_globals(_ALLOWED):
            checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except _DAMAGE as error:
        refused = re.search(r"(?:Unsupported global: GLOBAL|unsupported GLOBAL) (\S+)", str(error))
        if refused:
            raise _refused(path, refused[1]) from error
        lines = str(error).strip().splitlines() or ["it ends early"]
        raise _damaged(path, f"{type(error).__name__}: {lines[0]:.200}") from error
    if not isinstance(checkpoint, dict):
        raise DataError(f"{path}: holds a {type(checkpoint).__name__}, where a checkpoint is a dictionary")
    for item in leaves(checkpoint):
        if callable(item) or isinstance(item, (_Factory, Dtype)):
            raise _refused(path, "a type or a function as a value")
    return checkpoint


def _refused(path: Path, name: str) -> DataError:
    return DataError(
        f"{path}: refused to read it: it names {name}, and a checkpoint that names anything but tensors, "
        "numbers and containers can run any program. If you trust its origin, save its state_dict alone."
    )


def _damaged(path: Path, reason: str) -> DataError:
    return DataError(
        f"{path}: damaged or not a checkpoint of torch ({reason}). Delete it and its receipt to have it fetched again."
    )
