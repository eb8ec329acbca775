"""The small workflow on the test cluster, which stops where a test wants it to."""

import json
import re
import signal
import subprocess
import time
from pathlib import Path

import psutil
from slurm.cluster import Cluster
from workspace import TARGET, Workspace

from reprise.formats.features import open_features
from reprise.pipeline.records import record_path

FOLDER = Path("results/features/sift_tiny/landmarks")
FEATURES = str(FOLDER / "database.h5")
# The profile asks for states as a busy controller likes it; a test has no time for that.
_POLLING = ("--slurm-init-seconds-before-status-checks", "1", "--max-status-checks-per-second", "2", "--jobs", "4")
# A job that wrote all of x.h5, and did not yet give it its name, waits for as long as there is a file hold.x.h5. While
# there is a file eat.x.h5, it takes more memory than it needs.
_HOOK = """\
        while Path(f"hold.{path.name}").exists():
            time.sleep(0.05)
        if Path(f"eat.{path.name}").exists():
            memory = bytearray(os.urandom(1 << 20) * 600)
            time.sleep(5)
            del memory
"""


class SlurmWorkspace(Workspace):
    """The small workflow, run by the profile for Slurm."""

    def __init__(self, folder: Path, cluster: Cluster, config: dict | None = None):
        super().__init__(folder, config)
        self.cluster = cluster
        self._started: list[psutil.Popen] = []

    def obey_files(self) -> None:
        """Make jobs wait, or take memory, where a file says so."""
        code = self.folder / "src" / "reprise" / "storage" / "atomic.py"
        before, after = code.read_text().split("        _flush(temporary)\n")
        code.write_text(f"{before}{_HOOK}        _flush(temporary)\n{after}")

    def command(self, *arguments: str, targets=(TARGET,)) -> list[str]:
        profile = ("--workflow-profile", "profiles/slurm", *_POLLING)
        return super().command(*profile, *arguments, targets=targets)

    def environment(self) -> dict[str, str]:
        of_cluster = self.cluster.environment()
        return {**super().environment(), **{name: of_cluster[name] for name in ("PATH", "SLURM_CONF")}}

    def start(self, *arguments: str, targets=(FEATURES,)) -> psutil.Popen:
        """Start Snakemake and do not wait for it."""
        with (self.folder / "run.log").open("ab") as log:
            process = psutil.Popen(
                self.command(*arguments, targets=targets),
                cwd=self.folder,
                env=self.environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
                # Where the tests run in the background of a shell they ignore Ctrl-C, and so would what they start.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )
        self._started.append(process)
        return process

    def stop(self) -> None:
        """End what a failed test left running."""
        for process in self._started:
            if process.poll() is None:
                process.kill()
                process.wait()

    def finish(self, process: psutil.Popen, seconds: float = 1200) -> str:
        """Wait for a Snakemake that has to succeed, and return what it said."""
        try:
            code = process.wait(seconds)
        except psutil.TimeoutExpired:
            code = f"none within {seconds} seconds"
        output = (self.folder / "run.log").read_text()
        assert code == 0, f"exit code {code}:\n{output[-6000:]}"
        return output

    def start_and_hold(self) -> tuple[psutil.Popen, tuple[str, float]]:
        """Start Snakemake; when chunk 2 is made, and chunk 1 all but named, return the process and made(2)."""
        self.hold(1)
        process = self.start()
        return process, self.wait_until(lambda: self.unfinished(1) and self.made(2), process)

    def hold(self, *chunks: int) -> None:
        for chunk in chunks:
            (self.folder / f"hold.database.{chunk}-of-2.h5").touch()

    def release(self, chunk: int) -> None:
        (self.folder / f"hold.database.{chunk}-of-2.h5").unlink()

    def chunk(self, chunk: int) -> Path:
        return self.folder / FOLDER / f"database.{chunk}-of-2.h5"

    def made(self, chunk: int) -> tuple[str, float] | None:
        """When, and in how many seconds, a chunk was made; None as long as a job for it goes on."""
        path = record_path(self.chunk(chunk))
        if self._jobs(chunk) or not path.exists():
            return None
        record = json.loads(path.read_text())
        return record["started"], record["seconds"]

    def unfinished(self, chunk: int) -> list[Path]:
        """The temporary files of a chunk, one of each job that writes it."""
        return list(self.chunk(chunk).parent.glob(f".database.{chunk}-of-2.h5.*.tmp.h5"))

    def wait_until(self, condition, process: psutil.Popen | None = None, seconds: float = 600):
        """Wait until ``condition()`` is true, and return it; Snakemake must not end before."""
        deadline = time.monotonic() + seconds
        while not (met := condition()):
            over = process is not None and process.poll() is not None
            log = (self.folder / "run.log").read_text()
            assert not over and time.monotonic() < deadline, f"waited in vain:\n{log[-6000:]}"
            time.sleep(0.1)
        return met

    def job_of(self, chunk: int) -> tuple[str, str]:
        """Number and node of the job that is writing a chunk."""
        (job,) = self._jobs(chunk)
        return job

    def _jobs(self, chunk: int) -> list[tuple[str, str]]:
        comment = f"sift_tiny_landmarks_database_{chunk}_2"
        return [(number, node) for number, (text, node) in self.cluster.jobs("R", "CG").items() if comment in text]

    def submissions(self, chunk: int) -> int:
        """How many jobs were ever submitted for a chunk, by all calls of Snakemake in this workspace."""
        submitted = rf"has been submitted with SLURM jobid \d+ \(log: .*/sift_tiny_landmarks_database_{chunk}_2/"
        return len(re.findall(submitted, (self.folder / "run.log").read_text()))


def read_features(space: Workspace):
    with open_features(space.folder / FEATURES) as file:
        return file.names, *file.read_rows(0, len(file))
