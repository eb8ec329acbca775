"""Progress of jobs, in lines of a log."""

import subprocess
import sys

from reprise.cli.display.logs import progress_in

# The clock of the bars goes on where a program says so, and not by itself.
CLOCK = """
import sys
import reprise.pipeline.progress as progress
from tqdm import std, tqdm
now = 0.0
def wait(seconds):
    global now
    now += seconds
std.time = lambda: now
progress.write_lines()
"""
BARS = """
progress._FIRST, progress._LEAST = 0.0, 0.0
for _ in tqdm(range(3), desc="epoch 1: mining", unit="batch", mininterval=0):
    wait(10)
    tqdm.write("between", file=sys.stderr)
with tqdm(total=4_000_000, initial=1_000_000, unit="B", unit_scale=True, mininterval=0) as bar:
    wait(10)
    bar.update(1_000_000)
    wait(10)
    bar.update(1_000_000)
with tqdm(range(10), disable=True) as bar:
    bar.update()
"""


def lines_of(program):
    return subprocess.run([sys.executable, "-c", CLOCK + program], capture_output=True, text=True, check=True).stderr


def test_bars_become_lines(tmp_path):
    written = lines_of(BARS)
    lines = written.splitlines()
    assert "\r" not in written and "" not in lines and "between" in lines
    assert "epoch 1: mining: 2 of 3 batches, 00:15 left" in lines
    assert "epoch 1: mining: 3 of 3 batches, after 00:30" in lines
    assert lines[-1] == "3.00MB of 4.00MB, 00:10 left"
    log = tmp_path / "job.log"
    log.write_text("\n".join(lines[: lines.index("epoch 1: mining: 2 of 3 batches, 00:15 left") + 1]))
    assert progress_in(str(log), 0.0) == "epoch 1: mining: 2 of 3 batches, 00:15 left"


def test_lines_are_few(tmp_path):
    written = lines_of("for _ in tqdm(range(100_000), mininterval=0, miniters=1): wait(1 / 2**14)")
    assert [line.rpartition(", ")[2] for line in written.splitlines()] == ["00:04 left", "after 00:06"]
