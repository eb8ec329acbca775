"""Files appear whole or not at all."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from reprise.storage.atomic import _HOST, atomic_path, write_text


def test_failure_keeps_the_old_file_and_leaves_nothing_else(tmp_path):
    write_text(tmp_path / "x.txt", "old")
    with pytest.raises(RuntimeError), atomic_path(tmp_path / "x.txt") as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert (tmp_path / "x.txt").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["x.txt"]


def test_the_file_is_not_there_before_the_end(tmp_path):
    with atomic_path(tmp_path / "deep" / "x.txt") as temporary:
        temporary.write_text("new")
        assert not (tmp_path / "deep" / "x.txt").exists()
    assert (tmp_path / "deep" / "x.txt").read_text() == "new"


def test_a_folder_replaces_a_folder(tmp_path):
    for content in ("old", "new"):
        with atomic_path(tmp_path / "index") as temporary:
            temporary.mkdir()
            (temporary / content).write_text(content)
    assert [path.name for path in (tmp_path / "index").iterdir()] == ["new"]
    assert [path.name for path in tmp_path.iterdir()] == ["index"]


@pytest.fixture
def killed(tmp_path):
    """The temporary file of a process that was killed while it wrote x.txt."""
    program = (
        "import os\nfrom reprise.storage.atomic import atomic_path\n"
        f"with atomic_path({str(tmp_path / 'x.txt')!r}) as temporary:\n"
        "    temporary.write_text('half')\n    os.kill(os.getpid(), 9)\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -9
    (left,) = tmp_path.iterdir()
    return left


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path, killed):
    write_text(tmp_path / "x.txt", "whole")
    assert [path.name for path in tmp_path.iterdir()] == ["x.txt"]


def test_a_killed_process_that_nobody_has_waited_for_is_no_longer_a_writer(tmp_path):
    with subprocess.Popen([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and stays listed
        left = tmp_path / f".x.txt.{_HOST}-{process.pid}.0123abcd.tmp.txt"
        left.write_text("half")
        write_text(tmp_path / "x.txt", "whole")
        assert not left.exists()


@pytest.mark.parametrize(("hours", "stays"), [(1, True), (30, False)])
def test_what_another_machine_wrote_stays_for_a_day(tmp_path, killed, hours, stays):
    elsewhere = killed.with_name(f".x.txt.elsewhere-{killed.name.split('-')[-1]}")
    killed.rename(elsewhere)
    changed = elsewhere.stat().st_mtime - 3600 * hours
    os.utime(elsewhere, (changed, changed))
    write_text(tmp_path / "x.txt", "whole")
    assert elsewhere.exists() == stays


@pytest.mark.skipif(shutil.which("unshare") is None, reason="no unshare")
def test_a_writer_in_another_container_is_not_taken_for_dead(tmp_path):
    free = next(number for number in range(20, 30_000) if not Path(f"/proc/{number}").exists())
    # Numbers are given one after the other: processes come and go until one has that which is no process of ours.
    program = (
        "import os, sys\nfrom reprise.storage.atomic import atomic_path\n"
        "while child := os.fork():\n"
        "    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])\n"
        f"    if child == {free}:\n        os._exit(code)\n"
        f"if os.getpid() != {free}:\n    os._exit(0)\n"
        f"with atomic_path({str(tmp_path / 'x.txt')!r}) as temporary:\n"
        "    temporary.write_text('theirs')\n    print('ready', flush=True)\n    sys.stdin.read()\n"
    )
    command = ["unshare", "--pid", "--fork", sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        if process.stdout.readline() != b"ready\n":
            pytest.skip("containers are not allowed here")
        write_text(tmp_path / "x.txt", "ours")
        process.stdin.close()
        assert process.wait() == 0, process.stderr.read()
    assert (tmp_path / "x.txt").read_text() == "theirs"


def test_two_write_at_once_and_the_later_stays(tmp_path):
    with atomic_path(tmp_path / "x.txt") as first:
        first.write_text("first")
        with atomic_path(tmp_path / "x.txt") as second:
            second.write_text("second")
        assert (tmp_path / "x.txt").read_text() == "second"
    assert (tmp_path / "x.txt").read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["x.txt"]
