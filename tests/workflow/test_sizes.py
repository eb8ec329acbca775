"""The sizes of downloads that are written down are those that the command computes, row by row."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from documentation_examples import differing_lines
from paths import ROOT

from reprise.cli.downloads import disk_needed, listing, needed
from reprise.cli.dryrun import Snakemake
from reprise.downloads.sources import read_sources

pytestmark = pytest.mark.workflow
PAGES = ["README.md", "docs/real-runs.md", "docs/clusters.md"]
# What a row of distractors adds to the one before; to plan their search would take a minute.
DISTRACTORS = "data/revisitop1m.files.tsv"
# A row of a table, with the files that it is about, and a cell that says GB.
ROW = re.compile(r"^\|.*\| *([\d.]+) GB.*\|$", re.MULTILINE)


def rows(page):
    """The rows with a size: the targets, the GB as they are written, and the number of files of unknown size."""
    for found in ROW.finditer((ROOT / page).read_text()):
        cells = [cell.strip() for cell in found[0].strip("|").split("|")]
        targets = re.findall(r"`(results/[\w+-]+\.csv)`", found[0])
        if "measure_enlarged" in found[0]:
            targets = [DISTRACTORS]
        if targets:
            number = next(size[1] for cell in cells if (size := re.match(r"([\d.]+) GB", cell)))
            unknown = next((int(cell) for cell in cells if cell.isdigit()), None)
            yield page, targets, number, unknown


ROWS = [row for page in PAGES for row in rows(page)]


@pytest.fixture(scope="module")
def downloads_of():
    """The published files that lead to targets, from one plan of all."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        plan = Snakemake([], 2).plan(sorted({target for _, targets, _, _ in ROWS for target in targets}))
        files = {
            file.source.key: file for file in needed(plan, ROOT / "nothing-there", read_sources("config/sources.yaml"))
        }
    makers = {output: job for job in plan.every for output in job.outputs}
    order = {key: number for number, key in enumerate(files)}

    def find(targets):
        seen, waiting = set(), list(targets)
        while waiting:
            job = makers.get(waiting.pop())
            if job and job not in seen:
                seen.add(job)
                waiting += job.inputs
        keys = (job.wildcards["source"] for job in seen if job.rule == "download")
        return [files[key] for key in sorted(keys, key=order.__getitem__)]

    return find


@pytest.mark.parametrize(("page", "targets", "written", "unknown"), ROWS, ids=lambda value: str(value)[:60])
def test_sizes(downloads_of, page, targets, written, unknown):
    files = downloads_of(targets)
    digits = len(written.partition(".")[2])
    assert float(written) == round(disk_needed(files)[0] / 1e9, digits)
    if page == "README.md":
        assert unknown == sum(file.bytes is None for file in files)


def test_every_table_that_the_readme_names_has_a_row_with_a_size():
    named = set(re.findall(r"`(results/[\w+-]+\.csv)`", (ROOT / "README.md").read_text()))
    assert named == {target for page, targets, _, _ in ROWS if page == "README.md" for target in targets} - {
        DISTRACTORS
    }


def test_the_largest_needs_as_much_again_unpacked(downloads_of):
    packed, unpacked = disk_needed(downloads_of(["results/train_ames.csv"]))
    assert packed > 595e9 and unpacked == pytest.approx(packed, rel=0.01)


def test_the_page_shows_what_the_command_prints(downloads_of, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    monkeypatch.setattr("reprise.cli.downloads.shutil.disk_usage", lambda folder: SimpleNamespace(free=72.0e9))
    printed = listing(downloads_of(["results/train_ames.csv"]), Path("data/downloads"))
    assert not differing_lines(printed, "docs/running.md", "$ reprise downloads results/train_ames.csv"), printed
    assert "\nTo fetch: 597 GB, and 12 files of unknown size." in printed and "1.1 TB too little" in printed
