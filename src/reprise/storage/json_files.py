"""JSON files: what cannot be read, or does not hold what it should, is one error that names the file."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from reprise.storage.errors import DataError
from reprise.storage.os_errors import system_error

_LONGEST = 200


@contextmanager
def interpreting(path: str | os.PathLike, remedy: str) -> Iterator[None]:
    """Within the block the content of a file is taken apart: what does not fit becomes one error that names the file.

    Args:
        path: the file
        remedy: the end of the message

    Raises:
        DataError: in place of every error that content of another form causes
    """
    try:
        yield
    except DataError:
        raise
    except OSError as error:
        raise system_error(path, error) or error from error
    except Exception as error:
        raise DataError(f"{path}: is damaged ({_reason(error)}); {remedy}") from error


def load_json(path: str | os.PathLike, remedy: str) -> Any:
    """Read a JSON file, in which NaN and infinity are no numbers, as the standard says.

    Args:
        path: the file
        remedy: the end of messages

    Raises:
        DataError: a file that is missing, cannot be read or is no JSON
    """
    with interpreting(path, remedy):
        return json.loads(Path(path).read_text(encoding="utf-8"), parse_constant=_refuse)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


def _reason(error: Exception) -> str:
    if hasattr(error, "errors"):  # of pydantic, which this module does not need
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"[:_LONGEST]
    return f"{type(error).__name__}: {error}"[:_LONGEST]
