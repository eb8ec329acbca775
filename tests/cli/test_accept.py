"""Results that are accepted after an edit of code, and what is not."""

import json

import pytest
from workspace import TARGET

pytestmark = pytest.mark.workflow


def edit(space, file):
    path = space.folder / file
    path.write_text(path.read_text() + "\n_ADDED = 1\n")


def test_an_edit_is_accepted_at_every_stage_and_leaves_a_trace(space, reprise):
    edit(space, "src/reprise/asmk/inverted_file.py")
    edit(space, "src/reprise/reporting/tables.py")
    table = (space.folder / TARGET).read_bytes()
    stamps = {path: path.stat().st_mtime_ns for path in (space.folder / "results").rglob("*.h5")}
    assert {"build_index", "search", "table"} <= set(space.planned())
    given = ["--configfile", "tiny.yaml", TARGET, "--reason", "a constant was added"]
    code, text = reprise(space, "accept", *given, configfile=False)
    assert code == 0, text
    assert "asmk/inverted_file.py" in text and "reporting/tables.py" in text and "a constant was added" in text
    assert space.planned() == {}
    assert (space.folder / TARGET).read_bytes() == table
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps
    record = json.loads((space.folder / "results/rankings/sift_tiny/landmarks.h5.job.json").read_text())
    (entry,) = record["accepted"]
    assert entry["reason"] == "a constant was added" and entry["files"] == ["asmk/inverted_file.py"]
    assert entry["code"]["before"] == record["recipe"]["code"] != entry["code"]["after"]
    provenance = json.loads((space.folder / "results/tiny.provenance.json").read_text())
    assert provenance["accepted"][0]["files"] == ["reporting/tables.py"]
    # What is made later says that it rests on something accepted.
    space.config["tables"]["tiny"]["title"] = "Small"
    space.write_config()
    assert space.planned() == {"table": 1}
    space.run()
    provenance = json.loads((space.folder / "results/tiny.provenance.json").read_text())
    assert provenance["jobs"]["results/rankings/sift_tiny/landmarks.h5"]["accepted"] == [entry]
    # And a second edit after the first is named, and runs again.
    edit(space, "src/reprise/evaluation/retrieval.py")
    assert "evaluate" in space.planned()


def test_another_setting_is_not_accepted(space, reprise):
    space.config["experiments"]["sift_tiny"]["asmk"]["alpha"] = 2.0
    space.write_config()
    edit(space, "src/reprise/reporting/tables.py")
    before = space.planned()
    code, text = reprise(space, "accept", TARGET, "--reason", "nothing")
    assert code == 0
    assert space.planned() == before, text


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_reason_has_to_be_given(space, reprise, reason):
    code, text = reprise(space, "accept", TARGET, "--reason", reason)
    assert code == 1 and "say why" in text
