"""The file that visuallocalization.net takes: a line for each query with a pose."""

import os
from collections.abc import Mapping
from pathlib import PurePosixPath

from reprise.formats.located import Located
from reprise.storage.atomic import write_text
from reprise.storage.errors import DataError


def submission(located: Mapping[str, Located], where: str) -> str:
    """Return the lines ``name qw qx qy qz tx ty tz`` of the queries that have a pose, sorted by name.

    Names are those of the files without their folders, and poses map the world to the camera.

    Args:
        located: by the names of the queries
        where: what an error begins with

    Raises:
        DataError: no query has a pose, or two queries have one file name
    """
    lines: dict[str, str] = {}
    for name, each in located.items():
        file = PurePosixPath(name).name
        if file in lines:
            raise DataError(f"{where}: two queries are called {file}, which a submission cannot tell apart; rename one")
        lines[file] = "" if each.pose is None else f"{file} {' '.join(repr(value) for value in each.pose.tolist())}\n"
    text = "".join(lines[file] for file in sorted(lines))
    if not text:
        raise DataError(f"{where}: none of {len(located)} queries has a pose; look at the matches and the model")
    return text


def write_submission(path: str | os.PathLike, located: Mapping[str, Located], where: str) -> None:
    """Write the file, atomically; arguments and errors as of :func:`submission`."""
    write_text(path, submission(located, where))
