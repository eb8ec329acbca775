"""What is made of the records of a run, where nothing is drawn."""

import io
import logging

import pytest

from reprise.cli.display.runs import RunDisplay
from reprise.cli.display.state import Run
from reprise.cli.history import Durations
from reprise.cli.jobs import Job, Reason


def record(kind, level=logging.INFO, message="", **told):
    return logging.makeLogRecord({"event": kind, "levelno": level, "msg": message, **told})


def begins(number):
    files = {"input": [], "output": [f"{number}.h5"], "log": []}
    return record(
        "job_info", jobid=number, rule_name="search", rule_msg=None, wildcards={"experiment": "how"}, threads=1, **files
    )


def fails(number, log):
    told = {"jobid": number, "rule_name": "search", "rule_msg": None, "aux": {}, "log": [str(log)]}
    return record("job_error", logging.ERROR, **told)


@pytest.fixture
def shown():
    """A display of a run of two searches, and what it writes; what Snakemake would write goes to the same place."""
    stream = io.StringIO()
    display = RunDisplay([], logging.StreamHandler(stream), stream, nocolor=False)
    display._run = Run("t.csv", 1)
    display._run.expect({n: Job("search", {}, [], [f"{n}.h5"], [], 1, Reason(), {}) for n in (1, 2)})
    display._begun = None
    return display, stream


def test_a_stage_is_told_when_all_of_its_jobs_are_done(shown):
    display, stream = shown
    for told in (begins(1), begins(2), record("job_finished", job_id=1)):
        display.take(told)
    assert stream.getvalue() == ""
    display.take(record("job_finished", job_id=2))
    assert stream.getvalue().startswith("2 of 2 searches done; 2 of 2 jobs done after ")


def test_a_failure_is_told_at_once_and_in_full_at_the_end_and_what_snakemake_adds_is_left_out(shown, tmp_path):
    display, stream = shown
    (tmp_path / "log").write_text("ERROR: a.jpg: cannot be read\n")
    for told in (begins(1), fails(1, tmp_path / "log"), fails(1, tmp_path / "log"),
                 record("error", logging.ERROR, "in file asmk.smk", exception="CalledProcessError"),
                 record("", logging.ERROR, "Exiting because a job execution failed."),
                 record("", logging.WARNING, "something else")):  # fmt: skip
        display.take(told)
    display.ends()
    text = stream.getvalue()
    assert text.count("FAILED: search; jobs that run go on") == 1 and text.count("ERROR: a.jpg: cannot be read") == 1
    assert "something else" in text and "asmk.smk" not in text and "Exiting" not in text


def test_a_later_attempt_that_succeeds_is_no_failure(shown, tmp_path):
    display, stream = shown
    for told in (begins(1), fails(1, tmp_path / "log"), begins(1), fails(1, tmp_path / "log"), begins(1),
                 record("job_finished", job_id=1)):  # fmt: skip
        display.take(told)
    display.ends()
    assert stream.getvalue().count("FAILED") == 2 and "What to do" not in stream.getvalue()


def test_on_a_cluster_the_reason_is_told_at_once_and_that_a_job_is_tried_again(shown, tmp_path):
    display, stream = shown
    display._run.queued = frozenset({"search"})
    failed = fails(1, tmp_path / "log")
    failed.rule_msg = "SLURM-job '7' failed, SLURM status is: 'TIMEOUT'. For further error details see the log"
    for told in (begins(1), failed, record("", message="Trying to restart job 1."),
                 record("", message="Trying to restart job 4f1e-ab."), begins(1),
                 record("job_finished", job_id=1)):  # fmt: skip
        display.take(told)
    assert stream.getvalue() == (
        "FAILED: search; SLURM-job '7' failed, SLURM status is: 'TIMEOUT'\nTried again: search\n"
        "Tried again: the jobs of a group\n"
    )


def test_a_job_of_a_cluster_took_what_its_record_says_without_the_queue(shown, monkeypatch):
    display, _ = shown
    display._run.queued = frozenset({"search"})
    monkeypatch.setattr("reprise.cli.display.runs.read_record", lambda output: {"seconds": 3.0})
    for told in (begins(1), record("job_finished", job_id=1, created=1e12)):
        display.take(told)
    display._estimate(Durations([]), display._run)
    assert display._seconds == {2: 3.0}


def test_an_error_that_is_of_no_job_is_what_snakemake_says(shown):
    display, stream = shown
    display.take(record("error", logging.ERROR, "WorkflowError: no space", exception="WorkflowError"))
    display.ends()
    assert "WorkflowError: no space" in stream.getvalue()


def test_what_breaks_beside_the_records_comes_up_with_the_next_one(shown):
    display, _ = shown
    display._watch(None, [])  # which has no jobs
    with pytest.raises(AttributeError):
        display.take(begins(1))
