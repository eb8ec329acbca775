"""The figure of the matching accuracy."""

import time

import numpy as np
import pytest

from reprise.evaluation.scores import Evaluation, Score
from reprise.reporting.accuracy_figure import draw_accuracies
from reprise.storage.errors import DataError


def evaluation(values):
    return Evaluation(
        [
            Score(f"MMA@{limit}", group, value, "%", True, 5)
            for limit, value in enumerate(values, 1)
            for group in ("v", "i", "average")
        ]
    )


LINES = [("RootSIFT", evaluation(np.linspace(30, 80, 10))), ("HN-CAPS", evaluation(np.linspace(40, 90, 10)))]


def test_equal_lines_are_equal_bytes(tmp_path):
    draw_accuracies(tmp_path / "a.pdf", LINES)
    time.sleep(1.1)  # dates of documents are of whole seconds
    draw_accuracies(tmp_path / "b.pdf", LINES)
    content = (tmp_path / "a.pdf").read_bytes()
    assert content.startswith(b"%PDF") and content == (tmp_path / "b.pdf").read_bytes()
    assert b"CreationDate" not in content
    draw_accuracies(tmp_path / "b.pdf", LINES[:1])
    assert content != (tmp_path / "b.pdf").read_bytes()


def test_kinds_of_changes_without_sequences_have_no_line(tmp_path):
    draw_accuracies(tmp_path / "a.pdf", [("RootSIFT", evaluation([np.nan] * 10))])
    assert (tmp_path / "a.pdf").stat().st_size


def test_an_evaluation_without_accuracies_is_refused(tmp_path):
    with pytest.raises(DataError, match="SIFT: its evaluation has no matching accuracy"):
        draw_accuracies(tmp_path / "a.pdf", [("SIFT", Evaluation([]))])
    assert not (tmp_path / "a.pdf").exists()
