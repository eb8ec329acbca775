"""What exists, by stage."""

import re

import pytest

pytestmark = pytest.mark.workflow


def test_stages_and_leftovers(space, reprise):
    folder = space.folder / "results/features/sift_tiny/landmarks"
    (folder / ".database.1-of-2.h5.0123abcd.tmp.h5").write_bytes(b"x" * 2000)
    code, text = reprise(space, "status")
    assert code == 0
    rows = {line.split("  ")[0]: line.split() for line in text.splitlines()}
    assert rows["extractions"][1] == "10" and rows["codebooks"][1] == "2" and rows["tables"][1] == "1"
    assert re.search(
        r"^searches +2 +\d+ +\d{4}-\d\d-\d\d \d\d:\d\d +\d+.* (second|minute)s? +[\d.]+ kB$", text, re.MULTILINE
    )
    assert "1 temporary file, 2.0 kB, of jobs that are running or were killed: results/features/sift_tiny" in text
