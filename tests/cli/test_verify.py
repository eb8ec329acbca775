"""Everything that led to a table is hashed again."""

import json
import re
import subprocess

import pytest
from workspace import TARGET

from reprise.cli.verify import verify
from reprise.storage.errors import DataError

pytestmark = pytest.mark.workflow

PROVENANCE = "results/tiny.provenance.json"


def test_an_intact_table(space, reprise, as_documented):
    code, text = reprise(space, "verify", TARGET)
    assert code == 0 and "all are as recorded" in text
    assert "\nMade at 2" in text and "\nMachine: " in text and "\nVersions: " in text and "torch " in text
    assert re.search(r"\n  ok        [0-9a-f]{12}  results/evaluations/sift_tiny/landmarks\.json\n", text)
    assert re.search(r"\n  ok        [0-9a-f]{12}  landmarks/gnd_landmarks\.pkl\n", text)
    assert "\n  ok        10 files of extractions, " in text and "missing" not in text and "changed" not in text
    as_documented(text, "$ reprise verify results/tiny.csv")


@pytest.mark.parametrize(
    "file",
    [
        "results/features/sift_tiny/landmarks/database.1-of-2.h5",
        "results/indexes/sift_tiny/landmarks/vectors.npy",
        "results/codebooks/sift_tiny.h5",
        "results/tiny.md",
        "landmarks/gnd_landmarks.pkl",
    ],
)
def test_one_byte_changed(space, reprise, file, as_documented):
    path = space.folder / file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    code, text = reprise(space, "verify", TARGET)
    assert code == 1 and "1 difference:" in text
    if "codebooks" in file:
        as_documented(text, "results/tiny.csv: 36 files and folders")
    assert f"changed: {file.removesuffix('/vectors.npy')} (sha256 " in text


def test_a_missing_file_and_one_that_was_made_again(space, reprise):
    (space.folder / "results/codebooks/sift_tiny.h5").unlink()
    evaluation = space.folder / "results/evaluations/sift_tiny/landmarks.json"
    content = json.loads(evaluation.read_text())
    evaluation.write_text(json.dumps(content))
    record = evaluation.with_name("landmarks.json.job.json")
    made = json.loads(record.read_text())
    name = "results/evaluations/sift_tiny/landmarks.json"
    made["outputs"][name]["sha256"] = subprocess.run(
        ["sha256sum", evaluation], capture_output=True, text=True, check=True
    ).stdout.split()[0]
    record.write_text(json.dumps(made))
    code, text = reprise(space, "verify", TARGET)
    assert code == 1 and "2 differences:" in text
    assert "missing: results/codebooks/sift_tiny.h5" in text
    assert f"after the table: {name}" in text


def test_images_of_ones_own_that_changed_are_named(space, reprise):
    changed, missing = (space.folder / f"landmarks/jpg/landmark{number}_1.jpg" for number in (0, 1))
    changed.write_bytes(changed.read_bytes() + b" ")
    missing.unlink()
    code, text = reprise(space, "verify", TARGET)
    assert code == 1
    assert "changed: landmarks/jpg/landmark0_1.jpg (" in text and "missing: landmarks/jpg/landmark1_1.jpg" in text


def test_code_of_a_commit_that_is_unknown_here(space, reprise):
    commands = [["init", "-q"], ["-c", "user.name=a", "-c", "user.email=b", "commit", "-q", "--allow-empty", "-m", "x"]]
    for command in commands:
        subprocess.run(["git", *command], cwd=space.folder, check=True)
    path = space.folder / PROVENANCE
    provenance = json.loads(path.read_text())
    for job in provenance["jobs"].values():
        job["commit"] = "0123456789" * 4
    path.write_text(json.dumps(provenance))
    code, text = reprise(space, "verify", TARGET)
    assert code == 1 and "foreign commit 012345678901, unknown to this repository" in text


def test_no_table_of_this_name(space, reprise):
    code, text = reprise(space, "verify", "results/other.csv")
    assert code == 1 and text.startswith("reprise: results/other.provenance.json: does not exist")


def test_from_any_folder(space, reprise):
    code, text = reprise(space, "verify", "../tiny.csv", configfile=False, folder="results/codebooks")
    assert code == 0 and "all are as recorded" in text and "no Snakefile" not in text and "Not compared" not in text
    assert "\nBeside the configuration of the project: --configfile tiny.yaml.\n" in text


def test_without_its_overlay_it_is_said_what_was_not_compared(space, reprise):
    (space.folder / "tiny.yaml").rename(space.folder / "mine.yaml")
    code, text = reprise(space, "verify", TARGET, configfile=False)
    assert code == 0 and "tiny.yaml, of the table, is not there any more; give --configfile FILE.\n" in text
    assert "Not compared" not in reprise(space, "verify", "--configfile", "mine.yaml", TARGET, configfile=False)[1]
    path = space.folder / PROVENANCE
    provenance = json.loads(path.read_text())
    del provenance["overlays"]  # as of a table that was made when no overlays were recorded
    path.write_text(json.dumps(provenance))
    code, text = reprise(space, "verify", TARGET, configfile=False)
    assert code == 0 and "Exception" not in text
    (line,) = (line for line in text.splitlines() if line.startswith("Not compared: the settings"))
    assert f"{TARGET}: exists, but no rule of this configuration makes it" in line and "--configfile FILE" in line


def test_a_table_whose_labels_are_not_what_its_files_were_made_with(space, reprise):
    """As hooks that were turned off leave it: the table says what the configuration says, its ranking does not."""
    record = space.folder / "results/rankings/sift_tiny/landmarks.h5.job.json"
    content = json.loads(record.read_text())
    content["recipe"]["parameters"]["alpha"] = 7.0
    record.write_text(json.dumps(content))
    code, text = reprise(space, "verify", TARGET)
    assert code == 1
    assert "made with other settings: results/rankings/sift_tiny/landmarks.h5: alpha 7.0 -> 3.0" in text
    space.config["tables"]["tiny"]["title"] = "Another"
    space.write_config()
    code, text = reprise(space, "verify", TARGET)
    assert code == 0 and "the configuration gives this table other settings by now" in text


def test_a_job_that_read_another_version_than_was_recorded(space, reprise):
    path = space.folder / PROVENANCE
    provenance = json.loads(path.read_text())
    index = "results/indexes/sift_tiny/landmarks"
    for job in provenance["jobs"].values():
        if index in job["inputs"]:
            job["inputs"][index] = "0" * 64
    path.write_text(json.dumps(provenance))
    code, text = reprise(space, "verify", TARGET)
    assert code == 1 and f"was made of another {index} (sha256 000000000000, recorded " in text


@pytest.mark.parametrize("key", ["inputs", "jobs", "downloads", "files", "outputs", "recipe"])
def test_a_provenance_without_one_of_its_parts(tmp_path, key):
    state = {"sha256": "0" * 64, "bytes": 1, "modified": 1}
    content = {"inputs": {}, "jobs": {}, "downloads": {}, "files": {}, "outputs": {"a.csv": state}, "recipe": {}}
    content |= {"rule": "table", "wildcards": {}, "seconds": 1.5}
    del content[key]
    (tmp_path / "a.provenance.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match=rf"a\.provenance\.json: .*\b{key}\b"):
        verify(str(tmp_path / "a.csv"))
