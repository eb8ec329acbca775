"""Fingerprint of the code that runs a job, which comments, docstrings, texts for people and time stamps do not change.

Snakemake compares scripts by their time of modification and does not look at what they import. The fingerprint is the
sha256 of the syntax trees of a script, of the modules that the configuration names, and of all modules of reprise that
they import, transitively; of a Cython module it is the source text. A package's ``__init__`` only re-exports, so an
import from it leads to the module that defines the name, and a change of another module of the package changes nothing.

Texts for people are those of errors, and what ``__repr__`` returns, which no code of reprise reads.

Of a plug-in, a module of another project that the configuration names, modules of the same package are followed, too.
"""

import ast
import functools
import hashlib
import importlib.util
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeGuard

import reprise
from reprise.storage.errors import DataError

_WITH_DOCSTRING = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
# Functions that compose texts.
_WORDING = frozenset({"join", "format", "str", "repr", "len", "list", "map", "sorted", "min", "max", "next", "type"})
PACKAGE = Path(reprise.__file__).parent
# Modules that start jobs, keep records, plan the work or compose messages; they cannot change what a job computes.
_PLUMBING = ("reprise.pipeline", "reprise.cli", "reprise.storage.errors")


def fingerprint(script: Path, modules: Iterable[str] = ()) -> str:
    """Compute the fingerprint, in hex, of ``script`` and of ``modules`` that it loads by name."""
    digest = hashlib.sha256(_code(script).encode())
    for label, source in sorted(_closure(script, tuple(modules)).items()):
        digest.update(f"{label}\n{_code(source)}".encode())
    return digest.hexdigest()


def fingerprints(script: Path, modules: Iterable[str] = ()) -> dict[str, str]:
    """Compute the fingerprint of each file that :func:`fingerprint` covers, by its path, to tell which one changed."""
    codes = {label: _code(source) for label, source in _closure(script, tuple(modules)).items()}
    codes[script.name] = _code(script)
    return {name: hashlib.sha256(code.encode()).hexdigest()[:16] for name, code in sorted(codes.items())}


def _closure(script: Path, modules: tuple[str, ...]) -> dict[str, Path]:
    """Find the files of all modules that ``script`` and ``modules`` import, by their labels."""
    plugins = {module.split(".")[0] for module in modules} - {"reprise"}
    roots = {"reprise": PACKAGE, **{name: _folder(name) for name in plugins}}
    waiting = [source for module in modules for source in _sources(module, None, roots)]
    waiting += _imports(script, roots)
    found: set[Path] = set()
    while waiting:
        source = waiting.pop()
        if source not in found:
            found.add(source)
            waiting += _imports(source, roots)
    return {_label(source, roots): source for source in found}


def _label(source: Path, roots: dict[str, Path]) -> str:
    """Return the path of a file within reprise, or within the package of a plug-in, which its name begins with."""
    if source.is_relative_to(PACKAGE):
        return source.relative_to(PACKAGE).as_posix()
    name, folder = next((name, folder) for name, folder in roots.items() if source.is_relative_to(folder))
    return f"{name}/{source.relative_to(folder).as_posix()}"


def _folder(name: str) -> Path:
    """Return the folder of the package ``name`` of a plug-in, or the file of its only module."""
    spec = importlib.util.find_spec(name)
    if spec is None or (spec.origin is None and not spec.submodule_search_locations):
        raise DataError(f"{name}: the configuration names a module of this package, which Python does not find")
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations)))
    return Path(str(spec.origin))


def _imports(source: Path, roots: dict[str, Path]) -> Iterator[Path]:
    for module, name in _read(source, source.stat().st_mtime_ns)[0]:
        yield from _sources(module, name, roots)


def _code(source: Path) -> str:
    return _read(source, source.stat().st_mtime_ns)[1]


@functools.cache
def _read(source: Path, _time: int) -> tuple[tuple[tuple[str, str | None], ...], str]:
    """Return the modules, and names of modules, that a file imports, and its code in the form that is compared."""
    if source.suffix != ".py":
        return (), source.read_text(encoding="utf-8")
    tree = ast.parse(source.read_bytes())
    if source.is_relative_to(PACKAGE):  # a plug-in may do with it what it likes
        _remove_representations(tree)
    statements = tuple(_statements(tree, source))
    for node in ast.walk(tree):
        if isinstance(node, _WITH_DOCSTRING) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
    _remove_error_texts(tree)
    return statements, ast.dump(tree)


def _statements(tree: ast.Module, source: Path) -> Iterator[tuple[str, str | None]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level or not node.module:
                raise ImportError(f"{source}:{node.lineno}: relative imports are not followed; write the whole name")
            yield from ((node.module, alias.name) for alias in node.names)


def _sources(module: str, name: str | None, roots: dict[str, Path]) -> list[Path]:
    """Find the files of ``import module``, or ``from module import name``; none outside of ``roots``."""
    first, *parts = module.split(".")
    if first not in roots or any(f"{module}.".startswith(f"{plumbing}.") for plumbing in _PLUMBING):
        return []
    path = roots[first].joinpath(*parts)
    if path.is_file():
        return [path]
    if path.is_dir():
        return _from_package(module, path, name, roots)
    for suffix in (".py", ".pyx"):
        if path.with_suffix(suffix).is_file():
            return [path.with_suffix(suffix), *(_headers(path.parent) if suffix == ".pyx" else [])]
    if first != "reprise":
        return []  # an extension, or a module that a plug-in creates at run time
    raise ModuleNotFoundError(f"{module}: there is no such module in {PACKAGE}")


def _headers(folder: Path) -> list[Path]:
    """Find the C headers that a compiled module of ``folder`` includes: those beside it, and the shared ones."""
    return sorted(folder.glob("*.h")) + sorted((PACKAGE / "native").glob("*.h"))


def _from_package(module: str, path: Path, name: str | None, roots: dict[str, Path]) -> list[Path]:
    initial = path / "__init__.py"
    if name is None:
        return [initial] if initial.is_file() else []
    if (path / name).is_dir() or any((path / f"{name}{suffix}").is_file() for suffix in (".py", ".pyx")):
        return _sources(f"{module}.{name}", None, roots)
    if not initial.is_file():
        return []
    for node in ast.walk(ast.parse(initial.read_bytes())):  # also what is imported on demand
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return _sources(node.module, alias.name, roots)
    return [initial]


def _remove_representations(tree: ast.Module) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            node.body = [inner for inner in node.body if getattr(inner, "name", "") != "__repr__"]


def _remove_error_texts(tree: ast.Module) -> None:
    """Remove error texts: those in the call of an exception, and those that are used nowhere else."""
    nodes = list(ast.walk(tree))
    for function in nodes:
        if isinstance(function, ast.FunctionDef):
            _remove_words(function)
    for node in nodes:
        if _is_error(node):
            node.args = [_Blank().visit(argument) for argument in node.args]


def _remove_words(function: ast.FunctionDef) -> None:
    """Empty the texts that local names hold only for an error."""
    nodes = list(ast.walk(function))
    errors = [node for node in nodes if _is_error(node)]
    if not errors:  # as in most functions, and every plan looks at all of them
        return
    only = _only_in_errors(nodes, errors)
    for node in nodes:
        if isinstance(node, ast.Assign) and _assigned(node) in only and _only_words(node.value):
            node.value = _Blank().visit(node.value)


class _Blank(ast.NodeTransformer):
    """Empties every text, with the values that are formatted into it."""

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return ast.Constant("") if isinstance(node.value, str) else node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        return ast.Constant("")


def _is_error(node: ast.AST) -> TypeGuard[ast.Call]:
    """Tell whether ``node`` makes an exception: by the name, which ends in Error or Exception."""
    if not isinstance(node, ast.Call):
        return False
    name = getattr(node.func, "id", getattr(node.func, "attr", ""))
    return name.endswith(("Error", "Exception")) or name == "unknown_name"


def _assigned(node: ast.Assign) -> str | None:
    """The one name that a statement assigns to."""
    names = [target.id for target in node.targets if isinstance(target, ast.Name)]
    return names[0] if len(names) == 1 else None


def _only_words(value: ast.expr) -> bool:
    """Tell whether an expression calls only functions that compose texts, so that it has no other effect."""
    calls = [node.func for node in ast.walk(value) if isinstance(node, ast.Call)]
    return all(getattr(call, "id", getattr(call, "attr", "")) in _WORDING for call in calls)


def _only_in_errors(nodes: Iterable[ast.AST], errors: Iterable[ast.Call]) -> set[str]:
    """Find the local names of a function that are read only in error texts."""
    wording = {id(name) for call in errors for name in ast.walk(call) if isinstance(name, ast.Name)}
    reads = [node for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)]
    elsewhere = {node.id for node in reads if id(node) not in wording}
    return {node.id for node in reads} - elsewhere
