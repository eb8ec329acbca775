"""How the notebooks are tested: each is run from its first cell to its last, as a user would."""

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark notebooks as what drives snakemake, which some runs leave out."""
    for item in items:
        if item.path.suffix == ".ipynb":
            item.add_marker("workflow")
