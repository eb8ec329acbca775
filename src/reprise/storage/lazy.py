"""Packages whose public names are imported when they are first asked for.

The settings of a stage stand next to its code, and planning reads them all. So that it does not import what only jobs
need (torch, faiss), the package around them re-exports its names lazily.
"""

import ast
import functools
import importlib
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any


def lazily(package: str) -> Callable[[str], Any]:
    """The ``__getattr__`` of a package that imports its public names on demand.

    They are those that the package's ``__init__`` imports for type checkers only, below ``if TYPE_CHECKING:``::

        if TYPE_CHECKING:
            from reprise.asmk.asmk import ASMK

        __all__ = ["ASMK"]
        __getattr__ = lazily(__name__)

    Args:
        package: its whole name
    """

    def load(name: str) -> Any:
        module = _modules(package).get(name)
        if module is None:
            raise AttributeError(f"module '{package}' has no attribute '{name}'")
        return getattr(importlib.import_module(module), name)

    return load


@functools.cache
def _modules(package: str) -> dict[str, str]:
    """The module of every name that a package imports somewhere."""
    spec = importlib.util.find_spec(package)
    tree = ast.parse(Path(str(spec and spec.origin)).read_bytes())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    return {alias.name: str(node.module) for node in imports for alias in node.names}
