"""Whether a file is the one that is stated: its size and checksums, those that are certain and those that are not."""

import logging
import re
from pathlib import Path

from reprise.downloads.first_bytes import what_is_wrong
from reprise.downloads.sources import Source
from reprise.storage.hashes import DIGITS, file_hashes

_log = logging.getLogger(__name__)


class MismatchError(Exception):
    """A complete file that is not the expected one.

    Args:
        reason: what is expected and what was found
        way: what has to be changed if the file is the right one nevertheless
    """

    def __init__(self, reason: str, way: str) -> None:
        super().__init__(reason)
        self.way = way


def compare(source: Source, file: Path, md5: str | None = None) -> tuple[str, dict[str, str]]:
    """Compare a complete file with what is known of it.

    Args:
        source: what is known
        file: the file
        md5: what the publisher's list says, or None

    Returns:
        its sha256, and what the comparison with uncertain statements gave: kind -> sentence, empty where there are none

    Raises:
        MismatchError: other first bytes than its kind has, or another size or checksum than is certain
    """
    wrong = what_is_wrong(file, source.file)
    if wrong:
        raise MismatchError(wrong, f"give {source.key} a name with another suffix in the list of sources")
    size = file.stat().st_size
    correction = f"correct {source.key} in the list of sources"
    if source.size not in (None, size):
        raise MismatchError(f"it has {size} bytes, expected are {source.size} bytes", correction)
    hashes = file_hashes(file, {"sha256", *source.hashes, *(["md5"] if md5 else [])})
    expected = source.hashes if source.enforced else {}
    for kind, digits in expected.items():
        if hashes[kind] != digits:
            raise MismatchError(
                f"its {kind} is {hashes[kind]}, expected is {digits}, which the list of sources states", correction
            )
    if not hashes["sha256"].startswith(source.sha256_prefix or ""):
        raise MismatchError(
            f"its sha256 is {hashes['sha256']}, expected is {source.sha256_prefix}..., "
            "which the list of sources states",
            correction,
        )
    if md5 not in (None, hashes.get("md5")):
        raise MismatchError(
            f"its md5 is {hashes['md5']}, expected is {md5}, which {source.md5_list} states", correction
        )
    return hashes["sha256"], {} if source.enforced else _compare_uncertain(source, size, hashes)


def _compare_uncertain(source: Source, size: int, hashes: dict[str, str]) -> dict[str, str]:
    found = {"bytes": size, **hashes}
    stated = {"bytes": source.bytes, **source.hashes}
    compared = {}
    for kind, value in stated.items():
        if value is None:
            continue
        agrees = found[kind] == value
        compared[kind] = "as stated" if agrees else f"is {found[kind]}, {value} is stated"
        if not agrees:
            _log.warning(
                "%s: its %s is %s, and the list of sources states %s, which is not certain; the file is used",
                source.file, kind, found[kind], value,
            )  # fmt: skip
    return compared


def md5_in(text: str, name: str) -> str | None:
    """Find the md5 of a file in a list of lines ``<md5>  <file>``.

    Args:
        text: the list
        name: the name of the file, without folders

    Returns:
        32 lower-case hexadecimal digits; None where the list does not have the file
    """
    for line in text.splitlines():
        match = re.fullmatch(rf"([0-9a-fA-F]{{{DIGITS['md5']}}})\s+\*?(?:.*/)?{re.escape(name)}\s*", line)
        if match:
            return match[1].lower()
    return None
