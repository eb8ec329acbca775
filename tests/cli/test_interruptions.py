"""Interrupted commands end in one sentence, and do not leave the workflow running."""

import subprocess
import sys

from reprise.cli import search
from reprise.cli.main import main

# Says that it listens, and ends by itself only if nobody interrupts it. Tests that run in the background of a shell
# begin with interruptions ignored.
LISTENING = """
import signal, sys, time
signal.signal(signal.SIGINT, lambda *_: sys.exit(3))
print('ready', flush=True)
time.sleep(60)
"""


def test_an_interrupted_command_says_that_it_can_go_on(tmp_path, monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("reprise.cli.search.run_search", interrupted)
    monkeypatch.setattr("reprise.cli.photographs.Photographs.overlay", lambda _: {})
    assert main(["search", str(tmp_path)]) == 130
    assert capsys.readouterr().err == (
        "reprise: interrupted; what is finished is kept, and the same command goes on with it\n"
    )


def test_a_workflow_that_was_not_interrupted_is(monkeypatch):
    monkeypatch.setattr(search, "_SECONDS_TO_END", 0)
    with subprocess.Popen([sys.executable, "-c", LISTENING], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        search._end(process)
    assert process.returncode == 3
