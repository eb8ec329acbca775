"""Checksums of files."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

# Kind of checksum -> its hexadecimal digits; git_blob, the name of a file in git, is the sha1 of "blob <bytes>\0" and
# its content.
DIGITS = {"md5": 32, "sha1": 40, "git_blob": 40, "sha256": 64}
_BLOCK = 1 << 20


def sha256_file(path: str | os.PathLike) -> str:
    """Compute the sha256 of a file as 64 lower-case hexadecimal digits, reading it in blocks."""
    with Path(path).open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def file_hashes(path: str | os.PathLike, kinds: Iterable[str]) -> dict[str, str]:
    """Compute several checksums of a file, which is read once.

    Args:
        path: the file
        kinds: of them, out of ``DIGITS``

    Returns:
        kind -> lower-case hexadecimal digits
    """
    hashes = {kind: _begin(kind, Path(path)) for kind in kinds}
    with Path(path).open("rb") as handle:
        while block := handle.read(_BLOCK):
            for state in hashes.values():
                state.update(block)
    return {kind: state.hexdigest() for kind, state in hashes.items()}


def _begin(kind: str, path: Path) -> Any:
    if kind == "git_blob":
        return hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    return hashlib.new(kind, usedforsecurity=False)
