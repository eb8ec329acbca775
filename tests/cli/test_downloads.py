"""``reprise downloads``: what is listed of the files that a target needs."""

from types import SimpleNamespace

import pytest

from reprise.cli.downloads import downloads
from reprise.cli.main import main

SOURCES = """
weights:
  file: weights.pth
  urls: [https://example.org/weights.pth]
  bytes: 2000
  licence: research only
  citation: none
  consent: {name: lab, demands: ask first, read: https://example.org/licence}
images:
  file: images.tgz
  urls: [https://example.org/images.tgz]
  about: 30000
  size_at: https://example.org/readme
  licence: not stated
  citation: none
parts_{n}:
  repeat: [1, 6]
  file: parts.{n}.tar
  urls: ["https://example.org/parts.{n}.tar"]
  about: 1000000
  size_at: https://example.org/readme
  licence: CC BY
  licence_at: https://example.org/terms
  citation: none
other: {file: other.tgz, urls: [https://example.org/other.tgz], licence: not stated, citation: none}
"""


def download(name, asks=""):
    outputs = [f"{name}.receipt.json"]
    return SimpleNamespace(
        rule="download", wildcards={"source": name}, resources={"to_be_accepted": asks}, inputs=[], outputs=outputs
    )


@pytest.fixture
def project(tmp_path):
    """A plan with two downloads, one of which is unpacked, and another job; and the sources."""
    jobs = [download("weights", "lab"), download("images", "")]
    jobs.append(SimpleNamespace(rule="unpack", inputs=["images.receipt.json"]))
    jobs.append(SimpleNamespace(rule="table", wildcards={"table": "t"}, inputs=[]))
    snakemake = SimpleNamespace(plan=lambda targets: SimpleNamespace(every=jobs, data=str(tmp_path / "data")))
    (tmp_path / "sources.yaml").write_text(SOURCES)
    return snakemake, tmp_path


def test_files_are_listed_with_licence_size_and_address(project):
    snakemake, folder = project
    text = downloads(snakemake, ["t.csv"], folder / "sources.yaml")
    assert (
        "Licence: research only\n  to fetch         2.0 kB  weights.pth\n      from https://example.org/weights.pth"
        in text
    )
    assert "asks for consent: ask first (https://example.org/licence)" in text
    assert "to fetch  about 30.0 kB  images.tgz" in text and "other" not in text
    assert "2 files, 0 of them there." in text
    assert "To fetch: 32.0 kB. Unpacked, archives need about as much again: 30.0 kB." in text
    assert "read the licences of lab" in text and "Free on the disk of" in text


def test_a_licence_that_was_accepted_is_not_asked_for(project):
    snakemake, folder = project
    for job in snakemake.plan([]).every[:2]:
        job.resources["to_be_accepted"] = ""
    text = downloads(snakemake, ["t.csv"], folder / "sources.yaml")
    assert "asks for" not in text and "read the licences" not in text and "Licence: research only" in text


def test_what_is_there_is_not_fetched_again(project):
    snakemake, folder = project
    place = folder / "data" / "downloads"
    place.mkdir(parents=True)
    for name, size in (("weights.pth", 2000), ("images.tgz", 5)):
        (place / name).write_bytes(bytes(size))
    text = downloads(snakemake, ["t.csv"], folder / "sources.yaml")
    assert "there               5 B  images.tgz" in text and "https://" not in text
    assert "2 files, 2 of them there." in text and "To fetch" not in text and "read the licences" not in text


def test_files_of_a_series_are_one_line_with_the_sum_and_the_page_that_states_the_licence(project):
    snakemake, folder = project
    snakemake.plan([]).every[:] = [*(download(f"parts_{n}") for n in range(1, 7)), download("other")]
    text = downloads(snakemake, ["t.csv"], folder / "sources.yaml")
    assert "Licence: CC BY (https://example.org/terms)\n" in text
    assert "to fetch         6.0 MB  6 files, about 1.0 MB each: parts.1.tar ... parts.6.tar\n" in text
    assert text.count("from https://example.org/parts.") == 1
    assert "To fetch: 6.0 MB, and 1 file of unknown size." in text


def test_too_small_a_disk_is_said(project, monkeypatch):
    snakemake, folder = project
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=40_000))
    text = downloads(snakemake, ["t.csv"], folder / "sources.yaml")
    assert "That is 22.0 kB too little; set data: to a folder of another disk." in text


def test_nothing_is_needed_for_data_of_ones_own(project):
    _, folder = project
    empty = SimpleNamespace(plan=lambda targets: SimpleNamespace(every=[], data=str(folder)))
    assert downloads(empty, ["t.csv"], folder / "sources.yaml") == "t.csv: needs no published file."


@pytest.mark.workflow
def test_a_target_that_does_not_exist_is_named(finished, monkeypatch, capsys):
    monkeypatch.chdir(finished.folder)
    assert main(["downloads", "results/tinny.csv", "--configfile", "tiny.yaml"]) == 1
    assert "did you mean results/tiny.csv?" in capsys.readouterr().err
