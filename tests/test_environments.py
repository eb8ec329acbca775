"""The environments agree: what is required is pinned, and pinned alike everywhere."""

import re
import tomllib

import pytest
import yaml
from paths import ROOT


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(lines):
    found = [line.strip().partition("==") for line in lines if "==" in line and not line.startswith("#")]
    return {canonical(name): version for name, _, version in found}


CONSTRAINTS = pins((ROOT / "constraints.txt").read_text().splitlines())
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def required(requirements):
    return {canonical(re.match(r"[A-Za-z0-9_.-]+", requirement)[0]) for requirement in requirements}


def test_every_requirement_is_pinned():
    everything = PROJECT["project"]["dependencies"] + PROJECT["build-system"]["requires"]
    for name, extra in PROJECT["project"]["optional-dependencies"].items():
        # The GPU build of faiss stands in for the CPU build, which is the one that is pinned.
        everything = everything + (extra if name != "gpu" else [])
    assert required(everything) - set(CONSTRAINTS) == set()


@pytest.mark.parametrize("path", sorted((ROOT / "envs").glob("*.yaml")), ids=lambda path: path.name)
def test_conda_environments_have_the_same_pins(path):
    content = yaml.safe_load(path.read_text())
    listed = pins(next(entry["pip"] for entry in content["dependencies"] if isinstance(entry, dict)))
    assert listed == {name: CONSTRAINTS.get(name) for name in listed}
    assert required(PROJECT["project"]["dependencies"]) - set(listed) == set()
