"""Names that load modules: an extractor, a layout or a metric is a module, and its name in the configuration loads it.

A plain name such as ``rootsift`` is a module of a package of reprise (``reprise.extractors.rootsift``), or a package in
it that re-exports what it offers (``reprise.training.how``). A module of another project, anywhere on Python's path, is
named by an import path: ``package.module:Class`` for a class, its full name for a module. There is no list to edit: the
names that exist are found by listing the folder of the package.
"""

import ast
import functools
import importlib
import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from reprise.storage.errors import DataError, unknown_name

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_IMPORT_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


@dataclass(frozen=True)
class NamedModules:
    """Modules of one kind, such as the metrics, each of which its name in the configuration loads.

    Attributes:
        package: the package of the plain names, such as ``reprise.extractors``
        attribute: what each of these modules defines and no other module of the package does, such as ``Extractor``
        prefix: what their names begin with in the package, and not in the configuration
    """

    package: str
    attribute: str
    prefix: str = ""

    def names(self) -> tuple[str, ...]:
        """List the plain names that exist, sorted; no module is imported to find out."""
        found = _defining(self.package, self.attribute)
        return tuple(module.removeprefix(self.prefix) for module in found if module.startswith(self.prefix))

    def check(self, name: str, where: str) -> None:
        """Check that there is a module of a plain name, without importing it.

        Args:
            name: the plain name
            where: what the error begins with

        Raises:
            DataError: there is none, with the nearest name that exists
        """
        if name not in self.names():
            raise unknown_name(where, name, self.names())

    def full_name(self, name: str) -> str:
        """Return the full name of the module that ``name``, a plain name or an import path, refers to."""
        if ":" in name or "." in name:
            return name.partition(":")[0]
        return f"{self.package}.{self.prefix}{name}"

    def load(self, name: str, where: str) -> ModuleType:
        """Import the module that ``name`` refers to.

        Args:
            name: a plain name, or the full name of any other module
            where: what the error begins with, such as ``config.trainings.mine.type``

        Raises:
            DataError: there is no such module, with the nearest name that exists
        """
        if "." in name:
            return _imported(name, where)
        self.check(name, where)
        return importlib.import_module(self.full_name(name))

    def load_class(self, name: str, where: str) -> Any:
        """Import the class that ``name`` refers to.

        Args:
            name: a plain name, for the class ``attribute`` of its module, or an import path ``package.module:Class``
            where: what the error begins with, such as ``config.extractors.mine.type``

        Raises:
            DataError: there is no such module, with the nearest name that exists, or no such class in it
        """
        if ":" in name:
            return _imported_class(name, self.attribute, where)
        self.check(name, where)
        return getattr(importlib.import_module(self.full_name(name)), self.attribute)


@functools.cache
def _defining(package: str, attribute: str) -> tuple[str, ...]:
    """List the modules of a package that define ``attribute``, and its packages that re-export it."""
    spec = importlib.util.find_spec(package)
    folders = [Path(folder) for folder in (spec.submodule_search_locations or [])] if spec else []
    modules = [(file.stem, _defined(file)) for folder in folders for file in folder.glob("*.py")]
    packages = [
        (file.parent.name, _imported_names(file)) for folder in folders for file in folder.glob("*/__init__.py")
    ]
    found = (name for name, offered in modules + packages if attribute in offered and _NAME.fullmatch(name))
    return tuple(sorted(found))


def _defined(file: Path) -> set[str]:
    """Find the names of the classes, functions and variables of a module's top level."""
    names: set[str] = set()
    for node in ast.parse(file.read_bytes()).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names


def _imported_names(file: Path) -> set[str]:
    imports = [node for node in ast.parse(file.read_bytes()).body if isinstance(node, ast.ImportFrom)]
    return {alias.asname or alias.name for node in imports for alias in node.names}


def _imported_class(path: str, attribute: str, where: str) -> Any:
    if not _IMPORT_PATH.fullmatch(path):
        raise DataError(f"{where}: '{path}' is no import path; write it as package.module:{attribute}")
    module, _, name = path.partition(":")
    loaded = _imported(module, where)
    if not hasattr(loaded, name):
        raise DataError(f"{where}: {module} ({loaded.__file__}) has no '{name}'; correct the name after the colon")
    return getattr(loaded, name)


def _imported(module: str, where: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise DataError(
            f"{where}: '{module}' cannot be imported ({error}); install it, or put its folder into PYTHONPATH"
        ) from error
