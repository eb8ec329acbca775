"""Export of a table as an RO-Crate, read back by the library that defines what one is."""

import hashlib
import json
import shutil

import pytest
from rocrate.rocrate import ROCrate
from workspace import TARGET

from reprise.cli.export import export
from reprise.storage.errors import DataError

pytestmark = pytest.mark.workflow
DOWNLOAD = {
    "name": "list.txt", "path": "data/downloads/list.txt", "sha256": "0" * 64, "bytes": 12,
    "url": "https://example.org/list.txt",
}  # fmt: skip


@pytest.fixture
def table(finished, tmp_path, monkeypatch):
    """The finished project without its large files, where one of them was downloaded."""
    folder = tmp_path / "project"
    (folder / "results").mkdir(parents=True)
    for name in ("results/evaluations", "results/rankings", "config", "tiny.yaml", "landmarks/list.txt"):
        source = finished.pristine / name
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    for file in (finished.pristine / "results").glob("tiny.*"):
        shutil.copy(file, folder / "results")
    provenance = folder / "results/tiny.provenance.json"
    content = json.loads(provenance.read_text())
    provenance.write_text(json.dumps({**content, "downloads": {"list.txt": DOWNLOAD}}))
    monkeypatch.chdir(folder)
    return folder


def test_a_crate_holds_the_table_and_says_how_it_was_made(table):
    text = export(TARGET, "out/crate")  # its overlay is that of the provenance
    assert text.startswith("out/crate: ") and "described by ro-crate-metadata.json" in text
    crate = ROCrate("out/crate")
    assert crate.version == "1.1" and crate.name == "Tiny" and crate.license and crate.datePublished
    metadata = json.loads((table / "out/crate/ro-crate-metadata.json").read_text())
    described = {entity["@id"]: entity for entity in metadata["@graph"]}
    files = {path for path in described if "File" in described[path]["@type"] and not path.startswith("https:")}
    inside = table / "out/crate"
    on_disk = {str(path.relative_to(inside)) for path in inside.rglob("*") if path.is_file()}
    assert files == on_disk - {"ro-crate-metadata.json"}
    assert {TARGET, "results/tiny.tex", "results/tiny.provenance.json", "tiny.yaml", "config/config.yaml"} < files
    assert "results/evaluations/sift_tiny/landmarks.json" in files and not any("rankings" in file for file in files)
    for path in files:
        assert hashlib.sha256((table / "out/crate" / path).read_bytes()).hexdigest() == described[path]["sha256"]
    assert {part["@id"] for part in described["./"]["hasPart"]} == {*files, DOWNLOAD["url"]}
    run = crate.get("#run")
    assert run.type == "CreateAction" and {result.id for result in run["result"]} == {
        TARGET, "results/tiny.md", "results/tiny.tex",
    }  # fmt: skip
    assert DOWNLOAD["url"] in {read.id for read in run["object"]} and run["startTime"] <= run["endTime"]
    assert run["instrument"]["name"] == "reprise" and "torch" in run["instrument"]["softwareRequirements"]


def test_a_zip_with_the_rankings(table):
    export(TARGET, "crate.zip", rankings=True)
    crate = ROCrate("crate.zip")
    assert crate.get("results/rankings/sift_tiny/landmarks.h5")["encodingFormat"] == "application/x-hdf5"


def test_what_is_not_as_recorded_is_not_exported_and_nothing_is_overwritten(table):
    export(TARGET, "crate")
    with pytest.raises(DataError, match="crate: exists already"):
        export(TARGET, "crate")
    (table / "results/tiny.tex").write_text("other")
    with pytest.raises(DataError, match=r"tiny\.tex: is not what the provenance says"):
        export(TARGET, "other")
    (table / "results/tiny.tex").unlink()
    with pytest.raises(DataError, match=r"tiny\.tex: does not exist any more"):
        export(TARGET, "other")
    with pytest.raises(DataError, match="does not exist; name a table"):
        export("results/none.csv", "other")
    assert not (table / "other").exists()


def test_an_overlay_that_is_gone_or_given_instead(table):
    (table / "tiny.yaml").rename(table / "mine.yaml")
    export(TARGET, "without")
    export(TARGET, "with", ["mine.yaml"])
    assert not (table / "without/tiny.yaml").exists() and (table / "with/mine.yaml").is_file()
