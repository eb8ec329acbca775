"""Text files that list images: UTF-8 with any line ends, and the line of whatever is wrong."""

import codecs
import re
from pathlib import Path

from reprise.storage.errors import DataError

# The longer mark first: that of UTF-32 begins with that of UTF-16.
_OTHER_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
# Not str.splitlines, which takes characters for line ends that names of files may hold.
_LINE_END = re.compile(r"\r\n|\r|\n")


def read_lines(path: Path, expected: str) -> list[str]:
    """Read the lines of a text file, without blank ones at its end.

    Args:
        path: the file, in UTF-8 with or without a byte order mark; lines end with LF, CR LF or CR
        expected: what the file should hold, for messages

    Returns:
        the lines, without spaces around them

    Raises:
        DataError: no such file, or text of another encoding, which is named where it can be told
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise DataError(f"{path}: there is no such list; {expected}") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); {expected}") from error
    lines = [line.strip() for line in _LINE_END.split(_decoded(content, path))]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _decoded(content: bytes, path: Path) -> str:
    named = next((name for mark, name in _OTHER_MARKS.items() if content.startswith(mark)), None)
    if named is None and b"\0" in content:
        named = "UTF-16 or no text at all"
    if named is not None:
        raise DataError(f"{path}: is not text in UTF-8 but {named}; convert it to UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = len(_LINE_END.split(content[: error.start].decode("latin-1")))
        byte = content[error.start]
        raise DataError(
            f"{path}: line {number} is not text in UTF-8: byte 0x{byte:02x}, which would be "
            f"{bytes([byte]).decode('cp1252', 'replace')!r} in Latin-1 or Windows-1252; convert the file to UTF-8"
        ) from error
