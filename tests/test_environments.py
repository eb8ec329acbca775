"""The environments agree: what is required is pinned, and pinned alike everywhere."""

import ast
import re
import sys
import tomllib

import pytest
import yaml
from paths import ROOT

from reprise.extras import EXTRAS


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(lines):
    found = [line.strip().partition("==") for line in lines if "==" in line and not line.startswith("#")]
    return {canonical(name): version for name, _, version in found}


CONSTRAINTS = pins((ROOT / "constraints.txt").read_text().splitlines())
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


PROJECT_EXTRAS = PROJECT["project"]["optional-dependencies"]


def required(requirements):
    found = {canonical(re.match(r"[A-Za-z0-9_.-]+", requirement)[0]) for requirement in requirements}
    return found - {"reprise"}  # its own extras


def test_every_requirement_is_pinned():
    everything = PROJECT["project"]["dependencies"] + PROJECT["build-system"]["requires"]
    for name, extra in PROJECT_EXTRAS.items():
        # The GPU build of faiss stands in for the CPU build, which is the one that is pinned.
        everything = everything + (extra if name != "gpu" else [])
    assert required(everything) - set(CONSTRAINTS) == set()


@pytest.mark.parametrize("path", sorted((ROOT / "envs").glob("*.yaml")), ids=lambda path: path.name)
def test_conda_environments_have_the_same_pins(path):
    content = yaml.safe_load(path.read_text())
    listed = pins(next(entry["pip"] for entry in content["dependencies"] if isinstance(entry, dict)))
    assert listed == {name: CONSTRAINTS.get(name) for name in listed}
    needed = PROJECT["project"]["dependencies"] + [name for extra in EXTRAS for name in PROJECT_EXTRAS[extra]]
    assert required(needed) - set(listed) == set()


# What is imported -> the package that has it, where it has another name, or comes with another one.
PACKAGES = {
    "PIL": "pillow", "cv2": "opencv-python-headless", "faiss": "faiss-cpu", "markupsafe": "jinja2",
    "pydantic_core": "pydantic", "typing_extensions": "pydantic", "urllib3": "requests", "yaml": "pyyaml",
}  # fmt: skip


def imported():
    """What is imported in the library that is neither of it nor of Python."""
    found = set()
    for path in (ROOT / "src" / "reprise").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(node.module.partition(".")[0])
    return found - sys.stdlib_module_names - {"reprise"}


def test_what_is_imported_is_required_or_in_an_extra():
    core = required(PROJECT["project"]["dependencies"])
    packages = {name: canonical(PACKAGES.get(name, name)) for name in imported()}
    assert core <= set(packages.values())
    optional = {name for names in EXTRAS.values() for name in names}
    assert {name for name, package in packages.items() if package not in core} == optional - {"snakemake"}


@pytest.mark.parametrize("extra", EXTRAS)
def test_errors_name_the_extras_that_have_a_package(extra):
    packages = {canonical(PACKAGES.get(name, name)) for name in EXTRAS[extra]}
    assert required(PROJECT_EXTRAS[extra]) - {"snakemake-executor-plugin-slurm"} == packages


def test_everything_and_what_developers_need_hold_all_extras():
    assert PROJECT_EXTRAS["all"] == [f"reprise[{','.join(EXTRAS)}]"]
    assert "reprise[all]" in PROJECT_EXTRAS["dev"]


def test_a_tree_without_git_has_the_version_that_is_cited():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"]
    assert PROJECT["tool"]["setuptools_scm"]["fallback_version"] == cited
