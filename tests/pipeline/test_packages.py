"""Rules of the house that the fingerprints rely on."""

import ast

import pytest

from reprise.pipeline.fingerprint import PACKAGE

SOURCES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*/__init__.py")), ids=lambda path: path.parent.name)
def test_packages_only_re_export(path):
    nodes = list(ast.parse(path.read_text()).body[1:])
    for node in nodes:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":  # what is imported on demand
            nodes += node.body
            continue
        names = isinstance(node, ast.Assign) and node.targets[0].id in ("__all__", "__getattr__")
        assert isinstance(node, ast.ImportFrom) or names, f"{path}: line {node.lineno} does more than re-export"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_are_absolute_and_never_of_snakemake(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not any(name.split(".")[0] == "snakemake" for name in names), f"{path}:{node.lineno}"


def test_evaluation_imports_numpy_only():
    for path in (PACKAGE / "evaluation").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module] if isinstance(node, ast.ImportFrom) else []
            for module in modules:
                root = module.split(".")[0]
                assert root in ("numpy", "collections", "dataclasses", "math", "typing") or module.startswith(
                    "reprise.evaluation"
                ), f"{path}: imports {module}"


# From the bottom to the top; a package imports its own layer and those below. What storage re-exports is no arrow up.
# Modules beside the packages, such as that of the extras, import none of them.
LAYERS = [
    ("extras", "storage"),
    ("untrusted", "downloads"),
    ("formats",),
    ("images", "geometry", "networks", "codebooks", "asmk", "bow", "hamming", "evaluation", "neighbors"),
    ("detectors", "descriptors", "extractors", "datasets", "mini"),
    ("training", "matching", "reranking", "localization", "reporting"),
    ("pipeline",),
    ("cli",),
]
RE_EXPORTS = PACKAGE / "storage" / "__init__.py"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path):
    parts = path.relative_to(PACKAGE).parts
    if path == RE_EXPORTS:
        return
    level = {name: level for level, names in enumerate(LAYERS) for name in names}
    own = level.get(parts[0], len(LAYERS))
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("reprise."):
            target = node.module.split(".")[1]
            same = target == parts[0]
            assert same or level.get(target, 0) <= own, f"{path}:{node.lineno}: {parts[0]} imports {target}"
