"""One run of the small workflow serves all tests that ask what would run after a change."""

import copy
import shutil

import pytest
from workspace import Workspace


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A workspace in which the table was made."""
    space = Workspace(tmp_path_factory.mktemp("workspace"))
    space.run()
    return space


@pytest.fixture
def space(finished):
    """The finished workspace; configuration and code are put back after the test."""
    config = copy.deepcopy(finished.config)
    backup = finished.folder.with_name(f"{finished.folder.name}.backup")
    if not backup.exists():
        shutil.copytree(finished.folder, backup, symlinks=True)
    yield finished
    finished.config = config
    finished.write_config()
    for name in ("src", "workflow", "config", "rules", "Snakefile", ".snakemake"):
        source, target = backup / name, finished.folder / name
        if target.is_dir():
            shutil.rmtree(target)
            shutil.copytree(source, target)
        else:
            shutil.copy2(source, target)
