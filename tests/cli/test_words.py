"""Counts, durations and sizes as one says them."""

import pytest

from reprise.cli.words import counted, duration, jobs_in_words, listed, size


@pytest.mark.parametrize(
    "seconds, text",
    [
        (0.2, "1 second"), (59, "59 seconds"), (95, "1.6 minutes"), (240, "4 minutes"), (3600 * 2.5, "2.5 hours"),
        (3600 * 36, "1.5 days"), (86400 * 11.2, "11 days"),
    ],
)  # fmt: skip
def test_durations(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize("count, text", [(999, "999 B"), (1500, "1.5 kB"), (999_000_000, "999 MB"), (2e12, "2.0 TB")])
def test_sizes(count, text):
    assert size(int(count)) == text


def test_jobs_are_counted_by_rule_in_the_order_of_their_first():
    rules = ["search", "evaluate", "search", "evaluate", "table", "some_rule"]
    assert jobs_in_words(rules) == "2 searches, 2 evaluations, 1 table, 1 some rule job"


def test_long_lists_are_cut():
    assert listed(["a", "b"]) == "a, b"
    assert listed(list("abcde")) == "a, b, c and 2 more"
    assert counted(12000, "index", "indexes") == "12,000 indexes"
