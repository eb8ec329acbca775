"""Every command in README and docs/ exists with its options, and what it asks for can be made."""

import functools
import importlib.util
import re
import tomllib
from pathlib import Path

import forking
import pytest
from documentation_examples import command_lines, examples, first_word, pages, snakemake_parser
from paths import ROOT
from shipped import read, shipped_config
from workspace import Workspace

from reprise.cli import main as command_line

INLINE = re.compile(r"(?<!`)`((?:make|reprise|snakemake) [^`]+)`(?!`)")
TEMPLATES = [path.relative_to(ROOT).as_posix() for path in (ROOT / ".github").rglob("*.*")]
IGNORED = {"cd", "git", "source", "tail"}


@pytest.mark.parametrize("example", examples("sh"), ids=str)
def test_commands_exist(example):
    if example.text.startswith("#!"):
        assert example.text.startswith("#!/bin/sh\n")
        return
    for words in command_lines(example.text):
        program = first_word(words[0])
        assert program in CHECKS or program in IGNORED, words
        if program not in IGNORED:
            CHECKS[program](words[1:])


@pytest.mark.parametrize("page", sorted({*pages(), *TEMPLATES} - {"docs/formats.md"}))  # which quotes names of formats
def test_commands_within_sentences_exist(page):
    for command in INLINE.findall((ROOT / page).read_text()):
        for program, *words in command_lines(" ".join(command.split())):
            CHECKS[program](words)


@pytest.mark.parametrize("page", pages())
def test_tables_that_a_page_names_are_configured(page):
    named = set(re.findall(r"`results/([\w+-]+)\.csv`", (ROOT / page).read_text()))
    assert named <= tables_of(())


def check_snakemake(words):
    """Options of several values would take the targets behind them, too: a configuration has to be a file."""
    options = snakemake_parser().parse_args(words)
    assert all((ROOT / name).exists() for name in options.configfile or ()), words


def check_reprise(words):
    """A command that is only mentioned, without arguments, has to have a help."""
    mentioned = len(words) == 1
    try:
        command_line._parser().parse_args([*words, "--help"] if mentioned else words)
    except SystemExit as end:
        assert mentioned and not end.code, words


def check_make(words):
    targets = re.findall(r"^(\w[\w-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(words) <= set(targets), words


def check_python(words):
    """Modules and files that are named have to be there."""
    named = [word.partition("::")[0] for word in words if word.endswith(".py") or word.startswith("tests/")]
    assert importlib.util.find_spec(words[1]) if words[0] == "-m" else named, words
    assert all((ROOT / name).exists() for name in named), words


def check_pip(words):
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    named = {extra for word in words for extra in (re.search(r"\[(.*)\]", word) or ["", ""])[1].split(",") if extra}
    assert words[0] in ("install", "uninstall") and named <= set(extras), words
    files = [ROOT / words[index + 1] for index, word in enumerate(words) if word == "-c"]
    assert all(file.exists() for file in files), words


CHECKS = {
    "make": check_make, "pip": check_pip, "python": check_python, "reprise": check_reprise,
    "snakemake": check_snakemake,
}  # fmt: skip


@pytest.mark.workflow
@pytest.mark.parametrize("overlays", [(), ("config/mini.yaml",)], ids=["shipped", "miniature"])
def test_all_targets_of_the_pages_are_planned(overlays, tmp_path):
    output = "results/mini" if overlays else "results"
    tables = {f"{output}/{table}{kind}.csv" for table in tables_of(overlays) for kind in ("", ".seeds")}
    targets = targets_of_pages(overlays)
    assert len(targets & tables) > 3
    # The plans of all tables take half a minute, and other tests make some; their names are compared.
    targets -= tables
    space = Workspace(tmp_path / "workspace", {})
    log = tmp_path / "log"
    given = [*(("--configfile", *overlays) if overlays else ()), "-n", "--quiet", "all", "--", *sorted(targets)]
    code = forking.run(given, folder=space.folder, environment=space.environment(), output=log)
    assert code == 0, log.read_text()[-3000:]


def targets_of_pages(overlays):
    """What the commands of the pages ask for with these overlays."""
    found = set()
    for example in examples("sh"):
        for words in command_lines(example.text):
            if first_word(words[0]) == "snakemake":
                options = snakemake_parser().parse_args(words[1:])
                if tuple(map(str, options.configfile or ())) == overlays:
                    found.update(options.targets)
    return found


@functools.cache
def tables_of(overlays):
    """The names of the configured tables."""
    return set(read(shipped_config(*(Path(name).name for name in overlays))).values()["tables"])
