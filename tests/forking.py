"""Snakemake in processes that are forked from one which imported it, because importing it is half of what a plan costs.

A forked process is what ``python -m snakemake`` would be at its start: its folder, environment, search path and output
are those that it is told, and no module of the project is loaded in it yet.
"""

import atexit
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO


def run(arguments: Sequence[str], *, folder: Path, environment: Mapping[str, str], output: Path) -> int:
    """Run ``snakemake`` with ``arguments`` in ``folder``; both its streams go to ``output``. Returns its exit code."""
    request = {"arguments": list(arguments), "folder": str(folder), "environment": dict(environment)}
    server = _server()
    _stream(server.stdin).write(json.dumps({**request, "output": str(output)}) + "\n")
    _stream(server.stdin).flush()
    answer = _stream(server.stdout).readline()
    if not answer:
        raise RuntimeError("the process that forks Snakemake has ended")
    return int(answer)


_servers: list[subprocess.Popen] = []


def _server() -> subprocess.Popen:
    """The one server of this process, started when it is first needed; it ends when its input does."""
    if not _servers:
        command = [sys.executable, str(Path(__file__).resolve())]
        # The jobs of Snakemake are told their number of threads, but numpy, which it loads, must have none at a fork.
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        server = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/"
        )
        _servers.append(server)
        atexit.register(_stream(server.stdin).close)
    return _servers[0]


def _stream(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


def _serve() -> None:
    """Fork for every line of the input, and write the exit code of each when it has ended."""
    import snakemake.cli

    snakemake.cli.get_argument_parser()  # loads the plugins
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    requests = os.fdopen(os.dup(0), "r")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for line in requests:
        child = os.fork()
        if child == 0:
            _become_snakemake(**json.loads(line))
        _, status = os.waitpid(child, 0)
        answers.write(f"{os.waitstatus_to_exitcode(status)}\n")
        answers.flush()


def _become_snakemake(arguments: list[str], folder: str, environment: dict[str, str], output: str) -> None:
    """Do what ``python -m snakemake`` does, and end this process."""
    stream = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    for descriptor in (1, 2):
        os.dup2(stream, descriptor)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.path[:0] = [folder, *filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))]
    sys.argv = ["snakemake", *arguments]
    import snakemake.cli

    try:
        snakemake.cli.main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        import traceback

        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    sys.path.pop(0)  # the folder of the tests, which is none of the project's
    _serve()
