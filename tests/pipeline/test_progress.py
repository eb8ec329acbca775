"""Progress of jobs, in lines of a log."""

import subprocess
import sys

from reprise.cli.display.logs import progress_in

BARS = """
import sys, time
import reprise.pipeline.progress as progress
from tqdm import tqdm
progress.write_lines()
progress._FIRST, progress._LEAST = 0.0, 0.0
for _ in tqdm(range(3), desc="epoch 1: mining", unit="batch", mininterval=0):
    time.sleep(0.01)
    tqdm.write("between", file=sys.stderr)
with tqdm(total=4_000_000, initial=1_000_000, unit="B", unit_scale=True, mininterval=0) as bar:
    bar.update(1_000_000)
    time.sleep(0.01)
    bar.update(1_000_000)
with tqdm(range(10), disable=True) as bar:
    bar.update()
"""


def test_bars_become_lines(tmp_path):
    result = subprocess.run([sys.executable, "-c", BARS], capture_output=True, text=True, check=True)
    lines = result.stderr.splitlines()
    assert "\r" not in result.stderr and "" not in lines and "between" in lines
    assert "epoch 1: mining: 2 of 3 batches, 00:00 left" in lines
    assert "epoch 1: mining: 3 of 3 batches, after 00:00" in lines
    assert lines[-1] == "3.00MB of 4.00MB, 00:00 left"
    log = tmp_path / "job.log"
    log.write_text("\n".join(lines[: lines.index("epoch 1: mining: 2 of 3 batches, 00:00 left") + 1]))
    assert progress_in(str(log), 0.0) == "epoch 1: mining: 2 of 3 batches, 00:00 left"


def test_lines_are_few(tmp_path):
    code = (
        "import reprise.pipeline.progress as p\nfrom tqdm import tqdm\np.write_lines()\n"
        "for _ in tqdm(range(100000), mininterval=0, miniters=1): pass"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert len(result.stderr.splitlines()) <= 2
