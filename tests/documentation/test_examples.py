"""Every example of README and docs/ is run, planned or checked, or says in the source why it is not."""

import doctest
import functools
import importlib.util
import json
import re
import tomllib
from collections import Counter
from pathlib import Path

import forking
import pytest
import yaml
from documentation_data import PREPARED
from documentation_examples import ELSEWHERE, LANGUAGES, command_lines, examples, first_word, of_page, pages
from paths import ROOT
from shipped import merge, read, shipped_config
from workspace import Workspace

from reprise.cli import main as command_line

# How many examples of a page are marked as not run; the reasons are in the pages.
NOT_RUN: dict[str, int] = {"docs/own-photographs.md": 1}
# Settings of profiles, which are no overlays of the configuration.
PROFILE = re.compile(r"^# profiles/")
INLINE = re.compile(r"(?<!`)`((?:make|reprise|snakemake) [^`]+)`(?!`)")
IGNORED = {"cd", "git", "source", "tail"}


def test_every_block_has_a_language_that_is_checked():
    unknown = {str(example): example.language for example in examples() if example.language not in LANGUAGES}
    assert not unknown


def test_what_is_not_run_is_counted():
    assert Counter(example.page for example in examples() if example.not_run) == NOT_RUN


def test_pages_that_other_tests_run_have_examples():
    for page, test in ELSEWHERE.items():
        assert of_page(page) and page.rpartition("/")[2] in (ROOT / test).read_text()


@pytest.mark.parametrize("page", sorted({example.page for example in examples("doctest")}))
def test_sessions_print_what_the_page_says(page):
    failures, tried = doctest.testfile(str(ROOT / page), module_relative=False)
    assert tried > 5 and not failures


@pytest.mark.parametrize("page", sorted({example.page for example in examples("python")}))
def test_python_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = PREPARED.get(page, lambda folder: {})(tmp_path)
    for example in examples("python"):
        if example.page == page and not example.not_run:
            exec(compile(example.text, str(example), "exec"), names)


@pytest.mark.parametrize("example", examples("yaml"), ids=str)
def test_settings_are_valid(example):
    content = yaml.safe_load(example.text)
    if PROFILE.match(example.text):
        known = {action.dest.replace("_", "-") for action in snakemake_parser()._actions}
        assert {key for key in content if not key.startswith("cluster-generic-")} <= known
        return
    config = shipped_config()
    merge(config, content)
    if "million" in example.text:  # the page has it elsewhere: a codebook of a million words
        config["codebooks"]["million"] = {**config["codebooks"]["rootsift"], "size": "1M", "index": "approximate"}
    read(config)


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


@pytest.mark.parametrize("page", sorted(set(pages()) - {"docs/formats.md"}))  # which quotes the names of formats
def test_commands_within_sentences_exist(page):
    for command in INLINE.findall((ROOT / page).read_text()):
        for program, *words in command_lines(" ".join(command.split())):
            CHECKS[program](words)


@functools.cache
def snakemake_parser():
    from snakemake.cli import get_argument_parser

    return get_argument_parser()


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
    config = read(shipped_config(*(Path(name).name for name in overlays))).values()
    tables = {f"{config['output']}/{table}{kind}.csv" for table in config["tables"] for kind in ("", ".seeds")}
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


@pytest.mark.parametrize("page", [*pages(), "docs/configuration.md"])
def test_no_placeholder_is_taken_for_a_tag(page):
    """``<table>`` outside of code begins a table."""
    text = (ROOT / page).read_text()
    for code in (r"^ *```.*?^ *```", r"^    .*?$", r"(`+)(?!`).+?(?<!`)\1(?!`)", r"<!--.*?-->"):
        text = re.sub(code, "", text, flags=re.MULTILINE | re.DOTALL)
    assert not re.findall(r"</?[a-zA-Z][^>]*>", text)


def test_notebooks_are_stored_without_what_they_printed():
    notebooks = list((ROOT / "notebooks").glob("*.ipynb"))
    assert len(notebooks) == 2
    for notebook in notebooks:
        cells = json.loads(notebook.read_text())["cells"]
        assert len(cells) > 5
        assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells), notebook


def test_links_of_the_readme_lead_to_files():
    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / "README.md").read_text())
    assert len(links) > 15 and all((ROOT / link).exists() for link in links)
    assert (ROOT / "docs" / "images" / "gallery.webp").stat().st_size < 200 * 1024
    assert Path("docs/images/gallery.webp").as_posix() in links
