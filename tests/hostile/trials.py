"""Tries damaged files of each kind, in forked processes, so that a crash and a hang are seen and attributed to a seed.

    python tests/hostile/trials.py [--tries N] [--first SEED] [KIND ...]

Writes one line of JSON per kind: the number of tries, how many files were read, how many were refused as they should
be, and the failures. ``--show`` repeats one seed in this process, and keeps its files.
"""

import argparse
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import traceback
import warnings
from pathlib import Path

_HERE = Path(__file__).resolve().parent
if str(_HERE.parent) not in sys.path:  # run as a program
    sys.path[0] = str(_HERE.parent)

from hostile.kinds import Kind, Sample, kinds  # noqa: E402

from reprise.storage.errors import DataError  # noqa: E402

SECONDS = 10  # of CPU time, for one file; and six times as many on the clock, for what waits for ever
MEMORY = 2 << 30
_LONGEST_MESSAGE = 2000
_SHOWN = 5


def attempt(kind: Kind, samples: list[Sample], name: str, seed: int, folder: Path) -> str:
    """Damage a sample and read it.

    Returns:
        "read", "refused", or what is wrong with the outcome
    """
    rng = random.Random(f"{name} {seed}")
    sample = rng.choice(samples)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for file, content in sample.items():
        (folder / file).write_bytes(content)
    os.mkfifo(folder / "pipe")
    try:
        kind.damage(folder / rng.choice(sorted(sample)), rng)
        kind.read(folder)
    except DataError as error:
        return _judge(error, folder)
    except BaseException as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__}: {error!s:.150} ({Path(place.filename).name}:{place.lineno})"
    return "read"


def _judge(error: DataError, folder: Path) -> str:
    message, cause = str(error), error.__cause__ or error.__context__
    if str(folder) not in message:
        return f"no file in the message: {message:.200}"
    if len(message) > _LONGEST_MESSAGE:
        return f"a message of {len(message)} characters: {message:.100}"
    while cause is not None:
        if isinstance(cause, MemoryError):
            return f"an allocation beyond {MEMORY} bytes: {message:.200}"
        cause = cause.__cause__ or cause.__context__
    return "refused"


def run(name: str, tries: int, first: int = 0) -> dict:
    """Try ``tries`` damaged files of one kind.

    Returns:
        kind, tries, read, refused, and failures: what is wrong -> the seeds
    """
    counts = {"read": 0, "refused": 0}
    failures: dict[str, list[int]] = {}
    base = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=base) as folder:
        samples, seed, stop = kinds[name].samples(), first, first + tries
        while seed < stop:
            for outcome in _in_child(name, samples, seed, stop, Path(folder) / "files"):
                if outcome in counts:
                    counts[outcome] += 1
                else:
                    failures.setdefault(outcome, []).append(seed)
                seed += 1
    return {"kind": name, "tries": tries, **counts, "failures": failures}


def _in_child(name: str, samples: list[Sample], seed: int, stop: int, folder: Path):
    """Yield the outcome of each seed, from a process that is forked for them; it may end early."""
    receive, send = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(receive)
            _try_all(name, samples, seed, stop, folder, send)
        finally:  # never back into the parent's code, which would remove its folder
            os._exit(0)
    os.close(send)
    with os.fdopen(receive, encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
            seed += 1
    _, status = os.waitpid(child, 0)
    if seed < stop:
        number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        ends = {signal.SIGPROF: f"more than {SECONDS} s", signal.SIGALRM: f"waited for {6 * SECONDS} s"}
        yield ends.get(number, signal.Signals(number).name if number else f"the process ended with {status}")


def _try_all(name: str, samples: list[Sample], seed: int, stop: int, folder: Path, send: int) -> None:
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    warnings.simplefilter("ignore")
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for number in range(seed, stop):
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        signal.alarm(6 * SECONDS)
        outcome = attempt(kinds[name], samples, name, number, folder)
        os.write(send, (json.dumps(outcome.replace(str(folder), "")) + "\n").encode())


def main() -> None:
    """Run the kinds that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"of {', '.join(kinds)}; all for none")
    parser.add_argument("--tries", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=0, metavar="SEED")
    parser.add_argument("--show", action="store_true", help="try the first seed in this process, and keep its files")
    told = parser.parse_args()
    for name in told.kinds or kinds:
        if told.show:
            folder = Path(tempfile.mkdtemp()) / "files"
            print(folder, attempt(kinds[name], kinds[name].samples(), name, told.first, folder))
        else:
            print(json.dumps(run(name, told.tries, told.first)), flush=True)


if __name__ == "__main__":
    main()
