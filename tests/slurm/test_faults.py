"""Nothing is lost, nothing that was finished is computed twice, and no half file is taken for a whole one."""

import signal
import time

import pytest
from slurm.space import FEATURES

pytestmark = pytest.mark.slurm

_SAVED, _AWAY = 12, 36  # seconds; questions for the state of jobs are asked, and find nobody


def test_a_node_that_dies(space, cluster, is_whole):
    process, finished = space.start_and_hold()
    job, node = space.job_of(1)
    cluster.kill_node(node)
    space.release(1)
    space.finish(process)
    assert cluster.jobs("CD")[job][1] != node
    assert (space.submissions(1), space.submissions(2)) == (1, 1)
    assert space.made(2) == finished
    is_whole()


def test_a_node_that_is_cut_off_while_its_job_goes_on_writing(space, cluster, is_whole):
    process, finished = space.start_and_hold()
    _, node = space.job_of(1)
    cluster.kill_daemon(node)
    space.wait_until(lambda: len(space.unfinished(1)) == 2, process)
    space.release(1)
    space.finish(process)
    space.wait_until(lambda: not space.unfinished(1))
    assert (space.submissions(1), space.submissions(2)) == (1, 1)
    assert space.made(2) == finished
    is_whole()


def test_a_job_that_needs_more_memory_gets_it_at_its_next_attempt(space, is_whole):
    (space.folder / "eat.database.1-of-2.h5").touch()
    process = space.start("--set-resources", "extract_chunk:mem_mb=900 * attempt")
    output = space.finish(process)
    assert "exceeded memory limit" in output
    assert (space.submissions(1), space.submissions(2)) == (2, 1)
    is_whole()


def test_snakemake_is_killed_and_started_again(space, is_whole):
    space.hold(1, 2)
    process = space.start()
    space.wait_until(lambda: space.unfinished(1) and space.unfinished(2), process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    # Its jobs go on. One ends before Snakemake is started again, the other does not.
    space.release(2)
    finished = space.wait_until(lambda: space.made(2))
    space.snakemake("--unlock", targets=[])
    process = space.start()
    space.wait_until(lambda: len(space.unfinished(1)) == 2, process)
    space.release(1)
    space.finish(process)
    space.wait_until(lambda: not space.unfinished(1))
    assert (space.submissions(1), space.submissions(2)) == (2, 1)
    assert space.made(2) == finished
    is_whole()


def test_a_controller_that_is_away_for_a_while(space, cluster, is_whole):
    process, finished = space.start_and_hold()
    # It writes down what it knows every few seconds; a job that had just ended would be run again by Slurm itself.
    time.sleep(_SAVED)
    cluster.kill_controller()
    time.sleep(_AWAY)
    assert process.poll() is None
    cluster.start_controller()
    space.release(1)
    space.finish(process)
    assert (space.submissions(1), space.submissions(2)) == (1, 1)
    assert space.made(2) == finished
    is_whole()


def test_a_start_in_vain_submits_nothing(space, cluster):
    before = cluster.jobs("all")
    unknown = space.snakemake("--default-resources", "slurm_partition=mian", targets=[FEATURES], check=False)
    assert "slurm_partition: unknown name 'mian'; did you mean 'main'?" in unknown
    assert cluster.jobs("all") == before
    cluster.kill_controller()
    dead = space.snakemake(targets=[FEATURES], check=False)
    assert "the controller of Slurm does not answer" in dead and "Start again when `scontrol ping` says UP" in dead


def test_ctrl_c_takes_the_jobs_along(space, cluster, is_whole):
    process, finished = space.start_and_hold()
    process.send_signal(signal.SIGINT)
    assert process.wait(600) != 0
    cluster.wait_for(lambda: not cluster.jobs("PD", "R", "CG"), "the end of the jobs")
    assert not space.chunk(1).exists()
    space.release(1)
    space.finish(space.start())
    assert (space.submissions(1), space.submissions(2)) == (2, 1)
    assert space.made(2) == finished
    is_whole()
