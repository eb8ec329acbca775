"""How long a job would take, from what was recorded."""

from reprise.cli.history import Durations
from reprise.cli.jobs import Job, Reason


def record(rule, output, seconds, **wildcards):
    return {"rule": rule, "outputs": {output: {}}, "wildcards": wildcards, "seconds": seconds}


def job(rule, output, **wildcards):
    return Job(rule, wildcards, [], [output], [], 1, Reason(), {})


DURATIONS = Durations(
    [
        record("search", "a.h5", 10.0, experiment="how", searched="x"),
        record("search", "b.h5", 30.0, experiment="sift", searched="x"),
        record("search", "c.h5", 50.0, experiment="sift", searched="y"),
    ]
)


def test_the_same_output_before_anything_else():
    assert DURATIONS.seconds(job("search", "a.h5", experiment="sift", searched="x")) == 10.0


def test_the_most_similar_jobs_of_the_rule():
    assert DURATIONS.seconds(job("search", "new.h5", experiment="sift", searched="z")) == 40.0
    assert DURATIONS.seconds(job("search", "new.h5", experiment="how", searched="z")) == 10.0
    assert DURATIONS.seconds(job("search", "new.h5", experiment="other", searched="z")) == 30.0


def test_nothing_is_known_of_a_rule_that_never_ran():
    assert DURATIONS.seconds(job("table", "t.csv")) is None


def test_the_time_of_one_extractor_says_nothing_about_that_of_another():
    durations = Durations([record("extract_chunk", "a.h5", 10.0, extractor="sift", dataset="x", chunk="1")])
    assert durations.seconds(job("extract_chunk", "b.h5", extractor="sift", dataset="y", chunk="1")) == 10.0
    assert durations.seconds(job("extract_chunk", "c.h5", extractor="how", dataset="x", chunk="1")) is None


def test_another_seed_of_a_codebook_takes_as_long():
    durations = Durations([record("train_codebook", "a.h5", 10.0, codebook="how")])
    assert durations.seconds(job("train_codebook", "b.h5", codebook="how.seed7")) == 10.0
    assert durations.seconds(job("train_codebook", "c.h5", codebook="sift")) is None
