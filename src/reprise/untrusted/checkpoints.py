"""Checkpoints of torch, read without running any code that they name."""

import os
import pickle
import zipfile
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import numpy as np

from reprise.storage.errors import DataError
from reprise.storage.os_errors import system_error
from reprise.untrusted.budget import DAMAGE, Budget, measure, reason
from reprise.untrusted.builders import SCALARS
from reprise.untrusted.tensors import Storage
from reprise.untrusted.unpickler import Interpreter, RefusedError, UnknownGlobalError, load_parts

_VALUE = "data.pkl"
_DAMAGE = (*DAMAGE, zipfile.BadZipFile, NotImplementedError)


def load_checkpoint(path: str | os.PathLike) -> dict[str, Any]:
    """Read a dictionary written by ``torch.save``.

    Beside tensors and builtin containers the file may hold numpy scalars and arrays, and what published checkpoints
    hold as data: default dictionaries and ``argparse.Namespace``, which are returned as dictionaries, and paths, which
    are returned as texts. Everything else is refused, and no code of the file is run. What reading may cost grows
    with the size of the file (:mod:`reprise.untrusted.budget`).

    Args:
        path: the file

    Returns:
        the dictionary, all tensors on the CPU

    Raises:
        DataError: the file is damaged, names another global, or holds no dictionary
    """
    path = Path(path)
    size = path.stat().st_size
    budget = Budget(size)
    try:
        with path.open("rb") as handle:
            if handle.peek(4)[:4] == b"PK\x03\x04":
                checkpoint = _load_zip(handle, budget)
            else:
                checkpoint = load_parts(handle, size, budget, visit=_check)
    except UnknownGlobalError as error:
        raise _refused(path, str(error)) from error
    except RefusedError as error:
        raise DataError(f"{path}: {error!s:.300}") from error
    except (OSError, *_DAMAGE) as error:
        raise system_error(path, error) or DataError(
            f"{path}: damaged or not a checkpoint of torch ({reason(error)}). Delete it and its receipt to have it "
            "fetched again."
        ) from error
    if not isinstance(checkpoint, dict):
        raise DataError(f"{path}: holds a {type(checkpoint).__name__}, where a checkpoint is a dictionary")
    return checkpoint


def _load_zip(handle: BinaryIO, budget: Budget) -> Any:
    with zipfile.ZipFile(handle) as archive:
        names = archive.namelist()
        # The folder has the name of the file that torch wrote.
        root = next((name.removesuffix(_VALUE) for name in names if name.endswith(f"/{_VALUE}")), None)
        if root is None:
            raise pickle.UnpicklingError(f"it has no {_VALUE}")
        if f"{root}byteorder" in names and _first_bytes(archive, f"{root}byteorder") != b"little":
            raise pickle.UnpicklingError("it is of a machine of another byte order")
        storages: dict[str, Storage] = {}
        value = _load_value(archive, f"{root}{_VALUE}", budget, storages)
        for key, storage in storages.items():
            with archive.open(f"{root}data/{key}") as stream:
                storage.read(stream)
                _expect_end(stream)
    return value


def _load_value(archive: zipfile.ZipFile, name: str, budget: Budget, storages: dict[str, Storage]) -> Any:
    size = archive.getinfo(name).file_size
    budget.bytes(size)
    with archive.open(name) as stream:
        interpreter = Interpreter(cast(BinaryIO, stream), size, budget, storages, checkpoint=True)
        try:
            value = interpreter.load()
            _expect_end(stream)
            measure(value, budget, _check)
        except BaseException:
            interpreter.dismantle()
            raise
    return value


def _first_bytes(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as stream:
        return stream.read(16)


def _expect_end(stream: IO[bytes]) -> None:
    # At the end of an entry its checksum is compared, so that this read is needed in any case.
    if stream.read(1):
        raise pickle.UnpicklingError("it has more bytes than its tensors")


def _check(item: Any) -> None:
    """Refuse a type, a function, a dtype or a storage where data are expected."""
    if not isinstance(item, (*SCALARS, bytearray, np.ndarray)) and type(item).__name__ != "Tensor":
        raise UnknownGlobalError("a type or a function as a value")


def _refused(path: Path, name: str) -> DataError:
    return DataError(
        f"{path}: refused to read it: it names {name:.100}, and a checkpoint that names anything but tensors, "
        "numbers and containers can run any program. If you trust its origin, save its state_dict alone."
    )
