"""The sizes of downloads that are written down are those that the command computes."""

import re

import pytest
from paths import ROOT

from reprise.cli.downloads import disk_needed, needed
from reprise.cli.dryrun import Snakemake
from reprise.downloads.sources import read_sources

pytestmark = pytest.mark.workflow
# Those whose large files have a known size; to plan all tables would take minutes.
TABLES = ["table2", "ames_gldv2", "train_ames", "hpatches_patches", "hndesc_hpatches", "train_hndesc"]
PAGES = [ROOT / "README.md", ROOT / "docs" / "real-runs.md"]


def written(page, table):
    """The GB in the last cell of each row of a page that names a table."""
    rows = [
        line.strip().strip("|").split("|") for line in page.read_text().splitlines() if f"results/{table}.csv`" in line
    ]
    return [float(found[1]) for row in rows if (found := re.search(r"([\d.]+) GB", row[-1]))]


@pytest.fixture(scope="module")
def computed():
    """GB of the downloads of each table, packed and unpacked, from one plan."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        plan = Snakemake([], 2).plan([f"results/{table}.csv" for table in TABLES])
        files = {
            file.source.key: file for file in needed(plan, ROOT / "nothing-there", read_sources("config/sources.yaml"))
        }
    makers = {output: job for job in plan.every for output in job.outputs}
    sizes = {}
    for table in TABLES:
        seen, waiting = set(), [f"results/{table}.csv"]
        while waiting:
            job = makers.get(waiting.pop())
            if job and job not in seen:
                seen.add(job)
                waiting += job.inputs
        own = [files[job.wildcards["source"]] for job in seen if job.rule == "download"]
        sizes[table] = [count / 1e9 for count in disk_needed(own)]
    return sizes


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
@pytest.mark.parametrize("table", TABLES)
def test_sizes(computed, page, table):
    numbers = written(page, table)
    assert numbers or page.name != "README.md"
    for number in numbers:
        assert number == pytest.approx(computed[table][0], rel=0.1)


def test_the_largest_needs_as_much_again_unpacked(computed):
    packed, unpacked = computed["train_ames"]
    assert packed > 595 and unpacked == pytest.approx(packed, rel=0.01)
