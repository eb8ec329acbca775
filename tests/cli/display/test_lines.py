"""A run in lines, and what is said of jobs that failed."""

import os

import pytest
from documentation_examples import printed_on

from reprise.cli.display.failures import failure_lines, job_name, reason_of_cluster
from reprise.cli.display.lines import overall, running_lines, screen_lines
from reprise.cli.display.logs import last_words, progress_in
from reprise.cli.display.state import Failure, Run
from reprise.cli.jobs import Job, Reason


def job(rule, output, inputs=(), log="none.log", **wildcards):
    return Job(rule, wildcards, list(inputs), [output], [log], 1, Reason(), {})


@pytest.fixture
def run(tmp_path):
    """Two extractions and a search after them, on one core; the first extraction is done, the second runs."""
    log = tmp_path / "b.log"
    run = Run("t.csv", 1, began=1000.0)
    run.expect(
        {
            1: job("extract_chunk", "a.h5", extractor="how", chunk="1", chunks="2"),
            2: job("extract_chunk", "b.h5", extractor="how", chunk="2", chunks="2", log=str(log)),
            3: job("search", "s.h5", ["a.h5", "b.h5"], experiment="how"),
        }
    )
    for number in (1, 2):
        run.start(number, "extract_chunk", {}, {"inputs": [], "outputs": [], "logs": []}, 1, 1000.0)
    run.finish(1, 1010.0)
    log.write_text("loading\nb.h5: 30 of 120 images, 01:30 left\nsomething else\n")
    return run


def test_a_terminal_shows_stages_running_jobs_and_the_time_left(run):
    first, extractions, running, searches, last = screen_lines(run, {2: 30.0, 3: 5.0}, 1020.0, 40)
    assert first == "t.csv: 3 jobs on 1 core"
    assert extractions.split() == [
        "extractions",
        "[########........]",
        "1",
        "of",
        "2",
        *["about", "10", "seconds", "left"],
    ]
    assert running.strip() == "extraction (how, 2 of 2): b.h5: 30 of 120 images, 01:30 left"
    assert searches.split() == ["searches", "[................]", "0", "of", "1"]
    assert last == "1 of 3 jobs done after 20 seconds; about 15 seconds left"


def test_the_page_shows_what_a_terminal_shows():
    run = Run("results/tiny.csv", 2, began=1000.0)
    names = {"experiment": "how_tiny", "dataset": "landmarks"}
    counts = {"train_codebook": 2, "aggregate_chunk": 4, "build_index": 2, "search": 2, "evaluate": 2, "table": 1}
    seconds = {"aggregate_chunk": 3.0, "build_index": 3.0, "search": 4.0, "evaluate": 2.0, "table": 2.0}
    jobs = [(rule, n) for rule, count in counts.items() for n in range(count)]
    before = {"aggregate_chunk": "train_codebook", "build_index": "aggregate_chunk", "search": "build_index",
              "evaluate": "search", "table": "evaluate"}  # fmt: skip
    run.expect({
        number: job(rule, f"{rule}{n}", [f"{before[rule]}{n}"] if rule in before else [], **names,
                    chunk=str(n - 1), chunks="2")
        for number, (rule, n) in enumerate(jobs)
    })  # fmt: skip
    for number in range(6):
        run.start(number, *jobs[number][:1], {}, {"inputs": [], "outputs": [], "logs": []}, 1, 1004.0)
    for number in range(4):
        run.finish(number, 1004.0)
    known = {number: seconds[rule] for number, (rule, _) in enumerate(jobs) if rule in seconds}
    shown = printed_on("docs/running.md", "results/tiny.csv: 13 jobs on 2 cores").splitlines()
    assert screen_lines(run, known, 1005.0, 40) == shown


def test_the_page_shows_what_is_said_of_a_failure(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown = printed_on("docs/running.md", "-" * 78)
    message = " ".join(shown[shown.index("ERROR:") : shown.index("Log:")].split())
    failures = {}
    for chunk in ("2", "1"):
        log = tmp_path / f"results/logs/aggregate_chunk/sift_tiny/landmarks/{chunk}-of-2.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(f"{message}\n")
        name = job_name(
            "aggregate_chunk", {"experiment": "sift_tiny", "searched": "landmarks", "chunk": chunk, "chunks": "2"}
        )
        failures[int(chunk)] = Failure(name, "", [str(log.relative_to(tmp_path))])
    assert " ".join("\n".join(failure_lines(failures)).split()) == " ".join(shown.split())


def test_a_small_terminal_shows_what_runs(run):
    lines = screen_lines(run, {}, 1020.0, 4)
    assert len(lines) == 4 and "extractions" in lines[1] and "30 of 120" in lines[2]


def test_no_time_is_given_where_most_jobs_never_ran_before(run):
    assert overall(run, {}, 1020.0) == "1 of 3 jobs done after 20 seconds"
    assert overall(run, {2: 30.0}, 1020.0).endswith("about 10 seconds left, without 1 job")


def test_a_job_that_succeeds_at_a_later_attempt_has_not_failed(run):
    run.fail(2, Failure("extraction", "", []))
    assert overall(run, {}, 1020.0) == "1 of 3 jobs done after 20 seconds, 1 failed"
    run.start(2, "extract_chunk", {}, {"inputs": [], "outputs": [], "logs": []}, 1, 1021.0)
    run.finish(2, 1030.0)
    assert overall(run, {}, 1030.0) == "2 of 3 jobs done after 30 seconds"
    assert failure_lines(run.failures) == []


def test_the_progress_of_an_earlier_attempt_is_none(run, tmp_path):
    log = str(tmp_path / "b.log")
    assert progress_in(log, 0.0) == "b.h5: 30 of 120 images, 01:30 left"
    assert progress_in(log, 1e12) == "" and progress_in(str(tmp_path / "none.log"), 0.0) == ""


@pytest.mark.parametrize(
    ("content", "said", "remedy"),
    [
        ("loading\n\nERROR: a.jpg: cannot be read; delete it\n", ["ERROR: a.jpg: cannot be read; delete it"],
         "Correct what the message names"),
        ("begin\n" * 30 + "Traceback\nKeyError: 'x'\n", [*["begin"] * 10, "Traceback", "KeyError: 'x'"],
         "fault of the"),
        ("bar 1%\rbar 2%\rERROR: two\nlines\n", ["ERROR: two", "lines"], "Correct what the message names"),
        ("", [], "lack of memory"),
    ],
)  # fmt: skip
def test_a_failure_is_told_by_the_end_of_its_log_its_path_and_a_remedy(tmp_path, content, said, remedy):
    log = tmp_path / "job.log"
    log.write_text(content)
    assert last_words(str(log)) == said
    lines = failure_lines({1: Failure("search (how)", "", [str(log)])})
    assert "FAILED: search (how)" in lines and f"  Log: {log}" in lines
    assert all(any(line in shown for shown in lines) for line in said)
    assert remedy in next(line for line in lines if "What to do" in line)


def test_jobs_that_failed_for_one_reason_are_told_once(tmp_path):
    logs = [tmp_path / f"{number}.log" for number in range(3)]
    for log in logs:
        log.write_text("ERROR: the disk is full\n")
    lines = failure_lines({number: Failure(f"search ({number})", "", [str(log)]) for number, log in enumerate(logs)})
    assert "FAILED: search (0), and 2 jobs more, for the same reason" in lines
    assert lines.count("ERROR: the disk is full") == 1


def test_what_a_cluster_says_of_a_job_is_told_and_a_log_that_was_never_written():
    lines = failure_lines({1: Failure("training", "exceeded memory limit", ["none.log"])})
    assert "    exceeded memory limit" in lines and "  No log was written; it would be none.log." in lines


@pytest.fixture
def queue(tmp_path):
    """Three extractions, submitted to a cluster, and a table, which is not; the first extraction wrote into its log."""
    logs = [tmp_path / f"{number}.log" for number in (1, 2, 3)]
    run = Run("t.csv", 100, local=False, queued=frozenset({"extract_chunk"}), began=1000.0)
    extractions = {
        n: job("extract_chunk", f"{n}.h5", extractor="how", chunk=str(n), chunks="3", log=str(log))
        for n, log in enumerate(logs, 1)
    }
    run.expect({**extractions, 4: job("table", "t.csv")})
    logs[0].write_text("1.h5: 30 of 120 images, 01:30 left\n")
    logs[1].write_text("1.h5: 60 of 120 images, 00:30 left\n")
    os.utime(logs[1], (900, 900))  # of an attempt before
    for number in (1, 2, 3):
        run.start(number, "extract_chunk", {}, {"inputs": [], "outputs": [], "logs": []}, 1, 1000.0)
    return run


def test_what_is_in_a_queue_is_told_from_what_runs(queue):
    assert (queue.running(), queue.submitted()) == ([], [1, 2, 3])
    queue.listen()
    assert (queue.running("extract_chunk"), queue.submitted("extract_chunk")) == ([1], [2, 3])
    first, extractions, running, _, last = screen_lines(queue, dict.fromkeys((1, 2, 3, 4), 30.0), 1020.0, 40)
    assert first == "t.csv: 4 jobs, at most 100 submitted at once"
    assert extractions.endswith("0 of 3       1 begun, 2 submitted, not heard of yet")
    assert running.strip() == "extraction (how, 1 of 3): 1.h5: 30 of 120 images, 01:30 left"
    assert last == (
        "0 of 4 jobs done after 20 seconds; 1 begun, 2 submitted, not heard of yet; about 30 seconds left, if none "
        "waits in the queue"
    )
    assert running_lines(queue) == [running.strip()]
    queue.target = "results/tiny.csv"
    lines = screen_lines(queue, dict.fromkeys((1, 2, 3, 4), 30.0), 1020.0, 40)
    assert lines == printed_on("docs/running.md", "results/tiny.csv: 4 jobs, at most").splitlines()


def test_a_job_that_is_submitted_again_is_not_heard_of_until_it_writes(queue):
    queue.listen()
    queue.fail(1, Failure("extraction", "", []))
    queue.start(1, "extract_chunk", {}, {"inputs": [], "outputs": [], "logs": []}, 1, 1e12)
    queue.listen()
    assert (queue.running(), queue.submitted()) == ([], [2, 3, 1])


def test_jobs_that_run_on_this_machine_beside_a_queue_are_running_at_once(queue):
    queue.start(4, "table", {}, {"inputs": [], "outputs": [], "logs": []}, 1, 1030.0)
    assert queue.running() == [4]


def test_what_slurm_says_of_a_job_is_told_with_where_to_ask_for_more(tmp_path):
    own, slurm = tmp_path / "job.log", tmp_path / "7.log"
    own.write_text("ERROR: no memory\n")
    slurm.write_text(
        "host: n1\nslurmstepd: error: Job 7 exceeded memory limit (206>200), cancelling it\nerror: other\n"
    )
    message = "SLURM-job '7' failed, SLURM status is: 'FAILED'. For further error details see the cluster/cloud log"
    failure = Failure("training", message, [str(own), str(slurm)], on_cluster=True)
    assert reason_of_cluster(failure) == [
        "SLURM-job '7' failed, SLURM status is: 'FAILED'", "ERROR: no memory",
        "Job 7 exceeded memory limit (206>200), cancelling it",
    ]  # fmt: skip
    own.write_text("")
    lines = failure_lines({1: failure})
    assert "    Job 7 exceeded memory limit (206>200), cancelling it" in lines and f"  Log: {slurm}" in lines
    assert "set-resources" in next(line for line in lines if "What to do" in line)
