"""How the notebooks are tested: each is run from its first cell to its last, as a user would."""

import tempfile
from pathlib import Path

import pytest
from nbclient import NotebookClient
from nbmake import nb_run
from traitlets.config import Config


def client(*arguments, **options):
    """Make what runs a notebook.

    Its kernel listens on files. Of ports, a free one may be taken by another test before the kernel has it. A busy
    machine has time enough.
    """
    folder = tempfile.TemporaryDirectory()
    files = Config(KernelManager={"transport": "ipc", "ip": str(Path(folder.name) / "kernel")})
    made = NotebookClient(*arguments, config=files, startup_timeout=600, **{**options, "timeout": 1800})
    made.folder = folder  # is there as long as the client
    return made


nb_run.NotebookClient = client


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark notebooks as what drives snakemake, which some runs leave out."""
    for item in items:
        if item.path.suffix == ".ipynb":
            item.add_marker("workflow")
