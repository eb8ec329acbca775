"""The examples of README and docs/: blocks of code, their language, and whether they can be run."""

import argparse
import functools
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from paths import ROOT

# Pages with examples of their own kind, and the tests that run them.
ELSEWHERE = {"docs/adding.md": "tests/workflow/test_adding.py"}
# What the first word of a line of shell may be. An indented block that begins with another word is no shell.
COMMANDS = {"cd", "git", "make", "pip", "python", "pytest", "reprise", "snakemake", "source", "tail"}
LANGUAGES = {"doctest", "python", "sh", "text", "yaml"}
_FENCE = re.compile(r"^( *)(`{3,})(\w*)(.*)$")
_MARK = re.compile(r"^<!-- not run: (.+) -->$")


@dataclass(frozen=True)
class Example:
    """A block of code of a page; ``not_run`` is the reason that is written before a block that cannot be run."""

    page: str
    line: int
    language: str
    text: str
    not_run: str | None

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def pages() -> list[str]:
    """All pages that are written by hand, from the root of the project."""
    paths = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "benchmarks/README.md")]
    paths += [*sorted((ROOT / "docs").rglob("*.md"))]
    return [path.relative_to(ROOT).as_posix() for path in paths if path.name != "configuration.md"]


def examples(*languages: str) -> list[Example]:
    """All examples, or those of some languages, but those of ELSEWHERE."""
    found = [example for page in pages() if page not in ELSEWHERE for example in of_page(page)]
    return [example for example in found if not languages or example.language in languages]


def of_page(page: str) -> list[Example]:
    """The examples of a page, fenced or indented by four columns."""
    lines = (ROOT / page).read_text().splitlines()
    found, start, reason = [], 0, None
    while start < len(lines):
        if fence := _FENCE.match(lines[start]):
            end = next(i for i in range(start + 1, len(lines)) if lines[i].strip() == fence[2])
            found.append(_example(page, start + 2, fence[3], lines[start + 1 : end], reason))
            start, reason = end + 1, None
        elif lines[start].startswith("    ") and _begins_block(lines, start):
            end = next((i for i in range(start, len(lines)) if lines[i] and lines[i][:4].strip()), len(lines))
            found.append(_example(page, start + 1, None, lines[start:end], reason))
            start, reason = end, None
        else:
            mark = _MARK.match(lines[start].strip())
            reason = mark[1] if mark else reason if not lines[start].strip() else None
            start += 1
    return found


def _begins_block(lines: list[str], start: int) -> bool:
    """Whether indented lines are code, and not the text of an item of a list."""
    before = next((line for line in reversed(lines[:start]) if line.strip()), "")
    return not lines[start - 1].strip() and not re.match(r" *([-*]|\d+\.) ", before)


def _example(page: str, line: int, language: str | None, lines: list[str], reason: str | None) -> Example:
    indent = min((len(text) - len(text.lstrip()) for text in lines if text.strip()), default=0)
    text = "\n".join(text[indent:] for text in lines).rstrip() + "\n"
    if language is None:
        language = "doctest" if text.startswith(">>> ") else "sh" if first_word(text) in COMMANDS else "text"
    return Example(page, line, language, text, reason)


def printed_on(page: str, start: str) -> str:
    """The block of a page that begins with a command, or with a line that one prints; without the command."""
    found = [example.text for example in of_page(page) if example.text.startswith(start)]
    assert len(found) == 1, f"{page}: {len(found)} blocks begin with: {start}"
    command, _, rest = found[0].partition("\n")
    return rest if command.startswith("$ ") else found[0]


def differing_lines(printed: str, page: str, start: str) -> list[str]:
    """What a page shows of the output of a command, and what the command does not print; or the other way round.

    Numbers of bytes, times, hashes and versions may be others, lines may be broken, and ``...`` stands for anything.
    """
    shown = printed_on(page, start)
    parts = [part for line in in_shape(shown).splitlines() for part in re.split(r",? ?\.\.\.,? ?", line)]
    text = _joined(in_shape(printed))
    wrong = [f"not printed: {part}" for part in parts if _joined(part) not in text]
    if "..." not in shown:
        whole = _joined(in_shape(shown))
        wrong += [f"not on {page}: {line}" for line in in_shape(printed).splitlines() if _joined(line) not in whole]
    return wrong


_SHAPES = {
    r"^(Machine|Versions): .*$": r"\1: <any>",
    r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d UTC)?": "<when>",
    r"by reprise \S+?(, commit .*)?\.$": "by reprise <version>.",
    r"\b[0-9a-f]{12}\b": "<hash>",
    r"\b[\d.,]+ [kMGT]?B\b": "<size>",
    r"\b[\d.,]+ (second|minute|hour|day)s?\b": "<time>",
    r"\b\d+ files and folders": "<number> files and folders",
}


def in_shape(text: str) -> str:
    """What a command prints, with names in the place of numbers that differ from run to run."""
    for pattern, name in _SHAPES.items():
        text = re.sub(pattern, name, text, flags=re.MULTILINE)
    return text


def _joined(text: str) -> str:
    return " ".join(text.split())


def first_word(text: str) -> str:
    """The command of a line of shell, without a prompt and its folder."""
    word = text.removeprefix("$ ").split(maxsplit=1)[:1]
    return Path(word[0]).name if word else ""


def command_lines(text: str) -> list[list[str]]:
    """The commands of a block of shell, as words; where some have a prompt, the other lines are what was printed."""
    lines = text.replace("\\\n", " ").splitlines()
    prompted = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    return [words for line in prompted or lines if (words := shlex.split(line, comments=True))]


@functools.cache
def snakemake_parser() -> argparse.ArgumentParser:
    """The options of Snakemake."""
    from snakemake.cli import get_argument_parser

    return get_argument_parser()
