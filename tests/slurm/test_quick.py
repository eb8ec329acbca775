"""What every run of the tests does on a Slurm cluster; the rest is asked for by `make test-slurm`."""

import pytest

pytestmark = pytest.mark.workflow


def test_a_cancelled_job_runs_again_and_no_other_does(space, cluster, is_whole):
    process, finished = space.start_and_hold()
    job, _ = space.job_of(1)
    cluster.ask("scancel", job)
    cluster.wait_for(lambda: job not in cluster.jobs("R", "CG"), "the end of a job")
    space.release(1)
    output = space.finish(process)
    name = "extraction (sift_tiny, landmarks, database, 1 of 2)"
    assert f"FAILED: {name}; SLURM-job '{job}' failed, SLURM status is: 'CANCELLED'" in output
    assert f"\nTried again: {name}\n" in output and "has been submitted" not in output
    assert "2 of 2 extractions done" in output
    assert (space.submissions(1), space.submissions(2)) == (2, 1)
    assert space.made(2) == finished
    is_whole()
