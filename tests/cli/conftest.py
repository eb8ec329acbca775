"""The command, and a workspace of its own for each test."""

import subprocess
import sys

import pytest
import yaml
from documentation_examples import differing_lines


@pytest.fixture
def without_shipped_tables():
    """Leaves a workspace with its own table alone, and no figure; to plan all that are shipped would take minutes."""

    def leave(space):
        for path in (space.folder / "config").glob("*.yaml"):
            content = yaml.safe_load(path.read_text())
            if "tables" in content:
                path.write_text(yaml.safe_dump({**content, "tables": {}, "figures": {}}, sort_keys=False))
        return space

    return leave


@pytest.fixture
def space(copied, without_shipped_tables):
    """A copy of the finished workspace."""
    return without_shipped_tables(copied)


@pytest.fixture
def reprise():
    """Runs a command in a workspace: exit code, and what it prints."""

    def run(space, *arguments, stdin="", configfile=True, folder="."):
        overlay = ["--configfile", "tiny.yaml"] if configfile else []
        result = subprocess.run(
            [sys.executable, "-m", "reprise.cli.main", *arguments, *overlay],
            cwd=space.folder / folder,
            env=space.environment(),
            input=stdin,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert "Traceback" not in result.stdout, result.stdout
        return result.returncode, result.stdout

    return run


@pytest.fixture
def as_documented():
    """Compares what a command prints with the block of docs/running.md that begins so."""

    def compare(printed, start):
        assert not differing_lines(printed, "docs/running.md", start), printed

    return compare
