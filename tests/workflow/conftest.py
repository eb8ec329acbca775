"""One run of the small workflow serves all tests that ask what would run after a change."""

import copy
import shutil

import pytest


@pytest.fixture
def space(finished):
    """The finished workspace; configuration and code are put back after the test."""
    config = copy.deepcopy(finished.config)
    yield finished
    finished.config = config
    finished.write_config()
    for name in ("src", "workflow", "config", "rules", "Snakefile", ".snakemake"):
        source, target = finished.pristine / name, finished.folder / name
        if target.is_dir():
            shutil.rmtree(target)
            shutil.copytree(source, target)
        else:
            shutil.copy2(source, target)
