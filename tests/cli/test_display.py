"""What Snakemake prints in this project: of runs, of dry runs, and of jobs that fail."""

import os
import pty
import subprocess

import pytest
from workspace import TARGET

pytestmark = pytest.mark.workflow
CODEBOOK = "results/codebooks/sift_tiny.h5"


def search_anew(space):
    for experiment in space.config["experiments"].values():
        experiment["asmk"]["query_assignments"] = 6
    space.write_config()


def test_a_run_is_told_in_a_line_for_each_stage_and_all_else_is_in_the_log_of_snakemake(space):
    search_anew(space)
    _, *lines = space.run().splitlines()
    assert lines[0].startswith(f"{TARGET}: 5 jobs on 2 cores; by earlier runs about ")
    # What is said in between, where a slow machine is silent for a minute, begins with the number of all jobs.
    stages = [line for line in lines[1:-1] if " of 5 jobs done after " not in line.partition(";")[0]]
    assert [line.partition(";")[0] for line in stages] == [
        "2 of 2 searches done", "2 of 2 evaluations done", "1 of 1 tables done",
    ]  # fmt: skip
    assert lines[-1].startswith(f"{TARGET}: 5 of 5 jobs done after ")
    newest = max((space.folder / ".snakemake/log").iterdir())
    assert "rule search:" in newest.read_text() and "5 of 5 steps" in newest.read_text()
    assert "Nothing to be done" in space.run()


def test_a_terminal_gets_a_bar_for_each_stage(space):
    search_anew(space)
    ours, theirs = pty.openpty()
    command = space.command("--cores", "2")
    environment = {**space.environment(), "TERM": "xterm", "COLUMNS": "120", "LINES": "40"}
    with subprocess.Popen(command, cwd=space.folder, env=environment, stderr=theirs, stdout=theirs) as process:
        os.close(theirs)
        shown = b""
        while block := _read(ours):
            shown += block
    assert process.returncode == 0
    last = shown.decode().rpartition("\033[J")[0].rpartition(f"{TARGET}: 5 jobs on 2 cores")[2]
    assert "searches     [################]       2 of 2" in last and "5 of 5 jobs done after" in last


def _read(descriptor):
    try:
        return os.read(descriptor, 65536)
    except OSError:  # how Linux says that the other side is closed
        return b""


def test_a_failing_job_is_told_at_the_end_with_its_message_its_log_and_what_to_do(space):
    search_anew(space)
    (space.folder / CODEBOOK).write_bytes(b"damaged")
    output = space.run(check=False)
    end = output.partition("-" * 70)[2]
    assert f"ERROR: {CODEBOOK}: is not what its job wrote" in end and "  Log: results/logs/" in end
    assert "What to do: Correct what the message names" in end and "All that Snakemake says: " in end
    assert "Traceback" not in output and "RuleException" not in output


def test_a_dry_run_says_what_explain_says(space, reprise):
    search_anew(space)
    _, explained = reprise(space, "explain", TARGET, "--cores", "2")
    assert explained in space.snakemake("-n", "--cores", "2")
    assert "query assignments 5 -> 6: 2 searches, 2 evaluations, 1 table" in explained


def test_a_misspelt_target_gets_the_nearest_one(space):
    output = space.snakemake("-n", targets=["results/evaluations/sift_tyni/landmarks.json"], check=False)
    assert "did you mean results/evaluations/sift_tiny/landmarks.json?" in output


@pytest.mark.parametrize(
    ("option", "shown", "hidden"),
    [(["--verbose"], "rule search:", "by earlier runs"), (["--quiet", "rules"], "Job stats:", "by earlier runs")],
)
def test_who_asks_snakemake_for_more_or_less_gets_it_from_snakemake(space, option, shown, hidden):
    search_anew(space)
    output = space.snakemake("-n", *option)
    assert shown in output and hidden not in output


def test_a_display_that_breaks_harms_no_run(space):
    search_anew(space)
    path = space.folder / "src/reprise/cli/display/lines.py"
    path.write_text(path.read_text().replace('"""How far the run is."""', "raise RuntimeError('broken')"))
    output = space.run()
    assert "RuntimeError: broken" in output and "5 of 5 steps (100%) done" in output
