"""Output that nobody reads to its end, and settings of the command line."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.workflow


def test_a_closed_pipe_ends_the_command_in_silence(space):
    command = [sys.executable, "-m", "reprise.cli.main", "explain", "--configfile", "tiny.yaml"]
    process = subprocess.Popen(
        command, cwd=space.folder, env=space.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    process.stdout.close()
    assert process.stderr.read() == "" and process.wait(600) == 1


def test_settings_of_the_command_line_are_passed_on(space, reprise):
    _, text = reprise(space, "explain", "--config", "output=elsewhere")
    assert "nothing was computed before" in text
