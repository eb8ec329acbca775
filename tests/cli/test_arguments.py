"""Targets behind options of several values, in every command."""

import shlex

import pytest
from documentation_examples import snakemake_parser

from reprise.cli.main import _parser

# What each command takes beside overlays, and the attributes that hold its targets.
COMMANDS = {
    "explain": ("", "targets"), "downloads": ("", "targets"), "accept": ("--reason why", "targets"),
    "clean": ("--unused", "targets"), "verify": ("", "target"), "export": ("--output o", "target"),
    "search": ("--config o.yaml", "database"),
}  # fmt: skip
TARGET = "results/table2.csv"


def parsed(line):
    return _parser().parse_args(shlex.split(line))


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    "line",
    [
        "{command} --configfile a b.yaml c.yml {target} {more}",
        "{command} {more} --configfile a b.yaml c.yml {target}",
        "{command} {target} {more} --configfile a b.yaml c.yml",
        "{command} {more} --configfile a b.yaml c.yml -- {target}",
        "{command} --configfile a --configfile b.yaml {more} --configfile c.yml {target}",
    ],
)
def test_a_target_is_no_overlay(command, line):
    more, attribute = COMMANDS[command]
    options = parsed(line.format(command=command, more=more, target=TARGET))
    found = getattr(options, attribute)
    assert ([found] if isinstance(found, str) else found) == [TARGET]
    assert options.configfile == ["a", "b.yaml", "c.yml"]


@pytest.mark.parametrize("command", ["status", "redate"])
def test_commands_without_targets_take_all_for_overlays(command):
    assert parsed(f"{command} --configfile a b --cores 2").configfile == ["a", "b"]


@pytest.mark.parametrize("command", [name for name in COMMANDS if name not in ("export", "search")])
def test_a_target_is_no_setting(command):
    more, attribute = COMMANDS[command]
    options = parsed(f"{command} {more} --config chunks=3 'exif=[a, b]' {TARGET} --configfile a")
    assert options.config == ["chunks=3", "exif=[a, b]"] and TARGET in getattr(options, attribute)


def test_targets_may_stand_on_both_sides_of_an_option():
    assert parsed("explain a.csv --cores 2 b.csv --configfile x c.csv").targets == ["a.csv", "b.csv", "c.csv"]
    found = parsed("search photos --config o.yaml --configfile x queries")
    assert (found.database, found.queries, found.config) == ("photos", "queries", "o.yaml")


def test_behind_two_dashes_everything_is_a_target_as_for_snakemake():
    words = ["--configfile", "a.json", "b.json", "--", TARGET, "x.yaml"]
    theirs = snakemake_parser().parse_args(words)
    ours = _parser().parse_args(["explain", *words])
    assert list(map(str, theirs.configfile)) == ours.configfile == ["a.json", "b.json"]
    assert theirs.targets == ours.targets == [TARGET, "x.yaml"] or theirs.targets == {TARGET, "x.yaml"}


@pytest.mark.parametrize("line", ["explain --configfile", "explain --config -- t", "explain --cores", "explain -x"])
def test_what_lacks_a_value_is_refused(line, capsys):
    with pytest.raises(SystemExit):
        parsed(line)
    assert "error: " in capsys.readouterr().err


def test_the_help_of_a_command_is_that_of_the_command(capsys):
    with pytest.raises(SystemExit):
        parsed("explain results/a.csv --help")
    assert "[--configfile FILE ...]" in capsys.readouterr().out
