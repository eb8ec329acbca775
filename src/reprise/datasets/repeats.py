"""Lines of a list that repeat: each counts once, and they are reported."""

import json
import logging
from collections import Counter
from collections.abc import Iterable
from pathlib import Path, PurePath

from reprise.storage.atomic import write_text
from reprise.storage.errors import DataError

_log = logging.getLogger(__name__)
_SHOWN = 5


def without_repeats(lines: Iterable[str], where: str) -> list[str]:
    """Return the lines, each once, in the order of their first places; a warning names those that repeat.

    Args:
        lines: the lines
        where: what the warning begins with
    """
    counts = Counter(lines)
    repeated = [line for line, count in counts.items() if count > 1]
    if repeated:
        shown = ", ".join(repeated[:_SHOWN]) + (" ..." if len(repeated) > _SHOWN else "")
        _log.warning("%s: %d paths are listed more than once, and count once: %s", where, len(repeated), shown)
    return list(counts)


def report_list(lines: Iterable[str], where: str, report: Path) -> None:
    """Check the list of images whose archives are not fetched yet, and write what is found.

    Args:
        lines: the paths that it lists
        where: what an error begins with
        report: the JSON file to write: number of ``images``, and ``repeated``, path -> how often it is listed

    Raises:
        DataError: a line that names no file with an extension
    """
    counts = Counter(lines)
    for line in counts:
        if not PurePath(line).suffix:
            raise DataError(f"{where}: '{line:.80}' has no extension; this is no list of images")
    repeated = {line: count for line, count in counts.items() if count > 1}
    write_text(report, json.dumps({"images": len(counts), "repeated": repeated}, indent=2) + "\n")
