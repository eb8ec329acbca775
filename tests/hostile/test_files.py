"""Damaged and hostile files: no crash, no hang, no more memory than they justify, and errors that name the file.

A bounded number of each kind here; ``make test-hostile`` tries 20,000 (environment variable ``REPRISE_HOSTILE``).
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("trials.py")
TRIES = int(os.environ.get("REPRISE_HOSTILE", "60"))
KINDS = (
    "pickle", "ground truth", "neighbours", "checkpoint", "ragged features", "dense features", "merged features",
    "tokens", "rankings", "pair scores", "aggregated", "codebook", "archive", "image", "list", "YAML", "record",
    "receipt", "evaluation", "PhotoTour", "HPatches", "described patches", "MAT", "Oxford", "regions", "embedding",
    "bag of words", "Hamming index", "COLMAP model", "COLMAP database", "matches", "located queries",
    "lists of localization",
)  # fmt: skip


@pytest.fixture(scope="module")
def outcome():
    """The outcome of a kind, from a process that tries all of them in turn: torch takes seconds to load."""
    found = {}
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    options["env"] = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen([sys.executable, str(PROGRAM), "--tries", str(TRIES), *KINDS], **options) as process:

        def of(kind):
            while kind not in found:
                line = process.stdout.readline()
                assert line, process.stderr.read()
                found[json.loads(line)["kind"]] = json.loads(line)
            return found[kind]

        yield of
        process.kill()


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files_are_read_or_refused(outcome, kind):
    tried = outcome(kind)
    assert tried["failures"] == {}, f"python {PROGRAM} --show --first SEED '{kind}'"
    assert tried["read"] + tried["refused"] == TRIES
    assert tried["refused"] > TRIES / 4, "the damage is no damage any more"
