"""Errors of the operating system in one sentence each: only an error of the format means that a file is damaged."""

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reprise.storage.errors import DataError

_HDF5_ERRNO = re.compile(r"\berrno = (\d+)")
# With these numbers a read at a place that cannot exist ends, to which damaged content leads.
_OF_THE_CONTENT = {errno.EINVAL, errno.EOVERFLOW, errno.EFBIG, errno.EFAULT, errno.ERANGE, errno.EDOM}

_NO_LOCKS = "on a disk without locks, set HDF5_USE_FILE_LOCKING=FALSE in the environment"
_SENTENCES = {
    errno.EAGAIN: f"is locked by another program; wait until that has ended and run again, or {_NO_LOCKS}",
    errno.ENOLCK: f"the disk gave no lock; {_NO_LOCKS} and run again",
    errno.ENOTSUP: f"the disk knows no locks; {_NO_LOCKS} and run again",
    errno.ENOSYS: f"the disk knows no locks; {_NO_LOCKS} and run again",
    errno.EACCES: "this user has no permission; grant it (chmod, chown) and run again",
    errno.EPERM: "this user has no permission; grant it (chmod, chown) and run again",
    errno.EROFS: "the disk is mounted for reading only; choose another folder, or mount it for writing",
    errno.EMFILE: "this process has too many open files; raise the limit (ulimit -n 4096) and run again",
    errno.ENFILE: "this machine has too many open files; end other programs and run again",
    errno.EIO: "the disk reports an input/output error; the file may be whole, look after the disk or its "
    "connection and run again",
    errno.ESTALE: "the network disk lost the file while it was open (stale file handle); run again",
    errno.ETIMEDOUT: "the network disk does not answer; run again when it does",
    errno.EEXIST: "something else has this name; move it away",
    errno.ENOENT: "there is no such file or folder",
    errno.ENOTDIR: "a part of this path is a file and no folder",
    errno.EISDIR: "is a folder, and a file is expected",
    errno.ENAMETOOLONG: "this name is too long for the disk; choose a shorter one",
    errno.ELOOP: "its symbolic links lead in a circle; correct them",
    errno.ENOMEM: "the system gave no memory for it; free some memory and run again",
    errno.EBUSY: "is in use by the system; run again later",
    errno.ETXTBSY: "is in use by a running program; run again later",
}
_FULL = {errno.ENOSPC: "the disk is full", errno.EDQUOT: "the quota of this user is used up"}


def system_error(path: str | os.PathLike, error: BaseException) -> DataError | None:
    """Make the error for what the operating system refused, which says nothing about the content of the file.

    Used where damage is reported, as ``raise system_error(path, error) or DataError(f"{path}: is damaged")``.

    Args:
        path: the file or folder; the message begins with it
        error: what was caught. HDF5 writes the number of the system into the text of its errors

    Returns:
        the error with its remedy; None where the content of the file is to blame
    """
    number = _number(error)
    if number is None or number in _OF_THE_CONTENT:
        return None
    if number in _FULL:
        return DataError(f"{path}: {_FULL[number]} ({_free(Path(path))}); free some space and run again")
    return DataError(f"{path}: {_SENTENCES.get(number, f'the system refuses it ({os.strerror(number)})')}")


@contextmanager
def worded(path: str | os.PathLike) -> Iterator[None]:
    """Let a block end with the sentence of :func:`system_error` where the operating system refuses something.

    Args:
        path: what the message begins with, where the error does not name another file
    """
    try:
        yield
    except OSError as error:
        reason = system_error(error.filename or path, error)
        if reason is None:
            raise
        raise reason from error


def _number(error: BaseException) -> int | None:
    number = getattr(error, "errno", None)
    if isinstance(number, int):
        return number
    told = _HDF5_ERRNO.search(str(error)) if isinstance(error, OSError | RuntimeError) else None
    # HDF5 adds the last number of the system to errors that are its own, so 0 is no error of the system.
    return int(told[1]) or None if told else None


def _free(path: Path) -> str:
    folder = next((parent for parent in path.absolute().parents if parent.is_dir()), Path("/"))
    return f"{shutil.disk_usage(folder).free} bytes are free in {folder}"
