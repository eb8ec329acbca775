"""Which tests share a process, when several run them."""

import functools
import os
import re

import pytest
from paths import ROOT
from xdist.scheduler import LoadScopeScheduling

# Each process of the tests keeps one core busy. Threads that wait for each other on fewer cores than there are threads
# take five times as long. Jobs of Snakemake are told their number by Snakemake.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Fixtures that take minutes, the longest first, and the names by which tests ask for them.
_SHARED = {
    "miniature": "miniature",
    "cluster": "cluster",
    "ames": "ames",
    "tiny_mirror": "tiny_mirror",
    "finished": "finished|space|copied",
}


class ByFixture(LoadScopeScheduling):
    """The tests of a shared fixture go to one process, so that it is made once, and the tests of a file, too."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid.partition("::")[0])


@functools.cache
def group(file: str) -> str:
    """The shared fixture that the tests of ``file`` use, or the file."""
    used = set(re.findall(r"\bdef \w+\(([^)]*)\)", (ROOT / file).read_text()))
    arguments = {name.strip() for text in used for name in text.split(",")}
    return next((name for name, names in _SHARED.items() if arguments & set(names.split("|"))), file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return ByFixture(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Begin with what takes longest."""
    order = list(_SHARED)
    items.sort(key=lambda item: order.index(g) if (g := group(item.nodeid.partition("::")[0])) in order else len(order))
