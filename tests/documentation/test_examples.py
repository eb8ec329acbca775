"""Every example of README and docs/ is run or checked, or says in the source why it is not."""

import doctest
import re
from collections import Counter

import pytest
import yaml
from documentation_data import PREPARED
from documentation_examples import ELSEWHERE, LANGUAGES, examples, of_page, snakemake_parser
from paths import ROOT
from shipped import merge, read, shipped_config

# How many examples of a page are marked as not run; the reasons are in the pages.
NOT_RUN: dict[str, int] = {"docs/own-photographs.md": 1}
# Settings of profiles, which are no overlays of the configuration.
PROFILE = re.compile(r"^# profiles/")


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
