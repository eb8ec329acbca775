"""A fingerprint of the code that runs a job, which comments, docstrings and time stamps do not change.

Snakemake compares scripts by their time of modification and does not look at what they import. The fingerprint is the
sha256 of the syntax trees, without docstrings, of a script and of all modules of reprise that it imports, transitively;
of a Cython module it is the source text. A package's ``__init__`` only re-exports, so an import from it leads to the
module that defines the name, and a change of a neighbour in the package changes nothing.
"""

import ast
import functools
import hashlib
from collections.abc import Iterable
from pathlib import Path

import reprise

PACKAGE = Path(reprise.__file__).parent
# What starts jobs, keeps records and plans the work; it cannot change what a job computes.
_PLUMBING = ("reprise.pipeline", "reprise.cli")


def fingerprint(script: Path, modules: Iterable[str] = ()) -> str:
    """The fingerprint, in hex, of ``script`` and of ``modules`` that it loads by name."""
    digest = hashlib.sha256(_code(script).encode())
    for source in sorted(_closure(script, tuple(modules))):
        digest.update(f"{source.relative_to(PACKAGE)}\n{_code(source)}".encode())
    return digest.hexdigest()


def fingerprints(script: Path, modules: Iterable[str] = ()) -> dict[str, str]:
    """A fingerprint of every single file that ``fingerprint`` covers, by its path in the package: which one changed."""
    codes = {source.relative_to(PACKAGE).as_posix(): _code(source) for source in _closure(script, tuple(modules))}
    codes[script.name] = _code(script)
    return {name: hashlib.sha256(code.encode()).hexdigest()[:16] for name, code in sorted(codes.items())}


def _closure(script: Path, modules: tuple[str, ...]) -> set[Path]:
    """The source files of all modules of reprise that ``script`` imports, directly or through others."""
    waiting = [source for module in modules for source in _sources(module, None)] + list(_imports(script))
    found: set[Path] = set()
    while waiting:
        source = waiting.pop()
        if source not in found:
            found.add(source)
            waiting += _imports(source)
    return found


def _imports(source: Path) -> list[Path]:
    return list(_imports_at(source, source.stat().st_mtime_ns))


@functools.cache
def _imports_at(source: Path, _time: int) -> tuple[Path, ...]:
    if source.suffix != ".py":
        return ()
    found: list[Path] = []
    for node in ast.walk(ast.parse(source.read_bytes())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found += _sources(alias.name, None)
        elif isinstance(node, ast.ImportFrom):
            if node.level or not node.module:
                raise ImportError(f"{source}:{node.lineno}: relative imports are not followed; write the whole name")
            for alias in node.names:
                found += _sources(node.module, alias.name)
    return tuple(found)


def _sources(module: str, name: str | None) -> list[Path]:
    """The files that ``import module``, or ``from module import name``, stands for; none outside of reprise."""
    if module.split(".")[0] != "reprise" or module.startswith(_PLUMBING):
        return []
    path = PACKAGE.joinpath(*module.split(".")[1:])
    if path.is_dir():
        return _from_package(module, path, name)
    for suffix in (".py", ".pyx"):
        if path.with_suffix(suffix).is_file():
            extra = sorted(path.parent.glob("*.h")) if suffix == ".pyx" else []
            return [path.with_suffix(suffix), *extra]
    raise ModuleNotFoundError(f"{module}: there is no such module in {PACKAGE}")


def _from_package(module: str, path: Path, name: str | None) -> list[Path]:
    initial = path / "__init__.py"
    if name is None:
        return [initial]
    if (path / name).is_dir() or any((path / f"{name}{suffix}").is_file() for suffix in (".py", ".pyx")):
        return _sources(f"{module}.{name}", None)
    for node in ast.parse(initial.read_bytes()).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return _sources(node.module, alias.name)
    return [initial]


def _code(source: Path) -> str:
    return _code_at(source, source.stat().st_mtime_ns)


@functools.cache
def _code_at(source: Path, _time: int) -> str:
    if source.suffix != ".py":
        return source.read_text(encoding="utf-8")
    tree = ast.parse(source.read_bytes())
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and (
            ast.get_docstring(node, clean=False) is not None
        ):
            node.body = node.body[1:]
    return ast.dump(tree)
