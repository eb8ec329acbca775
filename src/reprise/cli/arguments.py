"""Options of several values, which leave the targets behind them alone."""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any

_END = "--"


def is_overlay(word: str) -> bool:
    """Whether a word behind an overlay is one, too."""
    return word.endswith((".yaml", ".yml"))


def is_setting(word: str) -> bool:
    """Whether a word behind a setting is one, too."""
    return "=" in word


class Several(argparse.Action):
    """An option with a value or more, which may be given more than once.

    Args:
        belongs: whether a word behind a value is a value, too; what stands before ``--`` always is, as for Snakemake
    """

    def __init__(self, *, belongs: Callable[[str], bool], **given: Any):
        super().__init__(default=[], **given)
        self.belongs = belongs

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        """Add a value to those before; the default stays empty."""
        setattr(namespace, self.dest, [*getattr(namespace, self.dest), values])

    def count(self, words: Sequence[str], with_targets: bool) -> int:
        """Count the values among the words that follow the option, some of which may be targets."""
        free = next((index for index, word in enumerate(words) if word.startswith("-")), len(words))
        if words[free : free + 1] == [_END] or not with_targets:
            return free
        return next((index for index in range(1, free) if not self.belongs(words[index])), free)


class Parser(argparse.ArgumentParser):
    """Parser of a command line in which targets may stand anywhere, behind options of :class:`Several` values, too.

    Snakemake, as argparse does, takes all words up to the next option, or ``--``, for values of such an option.
    """

    def parse_known_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:  # type: ignore[override]
        """Parse a command line, or what follows the name of a command."""
        words = sys.argv[1:] if args is None else list(args)
        return super().parse_known_args(words if self._subparsers else self._in_order(words), namespace)

    def _in_order(self, words: list[str]) -> list[str]:
        """Put the options to the front, each value behind an option of its own."""
        with_targets = any(not action.option_strings for action in self._actions)
        end = words.index(_END) if _END in words else len(words)
        options: list[str] = []
        others: list[str] = []
        index = 0
        while index < end:
            word = words[index]
            index += 1
            action = self._option_string_actions.get(word)
            if isinstance(action, Several):
                count = action.count(words[index:], with_targets)
                # `--name=value` may begin with a dash; an option without any value is argparse's to refuse.
                options += [f"{word}={value}" for value in words[index : index + count]] or [word]
            elif action:
                count = min(1 if action.nargs is None else 0, end - index)
                options += words[index - 1 : index + count]
            else:
                count = 0
                (options if word.startswith("--") and "=" in word else others).append(word)
            index += count
        return [*options, *others, *words[end:]]
