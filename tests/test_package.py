"""The distributions: complete, with the workflow in the wheel, and the same fingerprints wherever it is installed."""

import filecmp
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

import pytest
from paths import ROOT

from reprise.pipeline.fingerprint import PACKAGE, fingerprint

PARTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["reprise"]["project"]
FINGERPRINTS = """
import sys
from pathlib import Path
from reprise.pipeline.fingerprint import PACKAGE, fingerprint
assert PACKAGE == Path(sys.argv[1]) / "reprise", PACKAGE
for script in sorted((PACKAGE / "project" / "workflow" / "scripts").glob("*.py")):
    print(script.stem, fingerprint(script))
"""


def run(*command, folder, **environment):
    variables = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment}  # what was installed stays as it is
    result = subprocess.run([sys.executable, *command], cwd=folder, env=variables, text=True, capture_output=True)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def files():
    """The files of the tree that belong to it."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("without git it is not known which files belong to the tree")
    mine = ["-c", "safe.directory=*"]  # whoever owns the checkout
    command = ["git", *mine, "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, text=True, capture_output=True, check=True).stdout.splitlines()
    return sorted(name for name in listed if (ROOT / name).is_file())


@pytest.fixture(scope="module")
def unpacked(files, tmp_path_factory):
    """A source distribution that was made of a copy of the tree without git, unpacked."""
    folder = tmp_path_factory.mktemp("distribution")
    for name in files:
        (folder / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / "tree" / name)
    build = "from setuptools.build_meta import build_sdist; build_sdist('..')"
    run("-c", build, folder=folder / "tree")
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as file:
        file.extractall(folder, filter="data")
    return archive.with_name(archive.name.removesuffix(".tar.gz"))


@pytest.fixture(scope="module")
def installed(unpacked, tmp_path_factory):
    """What a wheel of it has, without the compiled modules."""
    folder = tmp_path_factory.mktemp("installed")
    run("setup.py", "-q", "build_py", "--build-lib", str(folder), folder=unpacked)
    return folder


def relative(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_source_distribution_is_the_whole_tree(files, unpacked):
    made = {"PKG-INFO", "setup.cfg"}
    names = [name for name in relative(unpacked) if name not in made and ".egg-info/" not in name]
    assert names == files
    assert filecmp.cmpfiles(ROOT, unpacked, names, shallow=False)[1:] == ([], [])


def test_its_version_is_stated_without_git(unpacked):
    assert "\nVersion: 0.1.0\n" in (unpacked / "PKG-INFO").read_text()


def test_the_wheel_has_the_library_and_the_workflow_and_no_generated_code(files, installed):
    library = [name.removeprefix("src/") for name in files if name.startswith("src/")]
    workflow = [f"reprise/project/{name}" for name in files if name.partition("/")[0] in PARTS]
    assert relative(installed) == sorted(library + workflow)
    names = [name.removeprefix("reprise/project/") for name in workflow]
    assert filecmp.cmpfiles(ROOT, installed / "reprise" / "project", names, shallow=False)[1:] == ([], [])


def test_fingerprints_are_those_of_the_checkout(installed):
    said = run("-c", FINGERPRINTS, str(installed), folder=installed, PYTHONPATH=str(installed))
    here = {path.stem: fingerprint(path) for path in (ROOT / "workflow" / "scripts").glob("*.py")}
    assert dict(line.split() for line in said.splitlines()) == here


@pytest.mark.workflow
def test_the_workflow_is_planned_in_a_folder_that_the_package_made(installed, tmp_path):
    compiled = shutil.copytree(installed, tmp_path / "compiled")
    for module in PACKAGE.rglob("*.so"):  # not compiled once more
        shutil.copy(module, compiled / "reprise" / module.relative_to(PACKAGE))
    environment = {"PYTHONPATH": str(compiled), "PYTHONDONTWRITEBYTECODE": ""}
    run("-m", "reprise", "init", "mine", folder=tmp_path, **environment)
    options = ["--cores", "2", "-n", "--quiet", "rules", "--configfile", "config/mini.yaml"]
    plan = run("-m", "snakemake", *options, "--", "results/mini/table2.csv", folder=tmp_path / "mine", **environment)
    assert "train_how" in plan and not Path(tmp_path, "mine", "src").exists()
