"""Errors of input functions, which Snakemake does not show where the files already exist that it asks about."""

import functools
import logging
from collections.abc import Callable, Iterable
from typing import Any

from reprise.storage.errors import DataError

# Snakemake's own, so that the message is in its log, and is passed to its plugins.
_log = logging.getLogger("snakemake.logging")


def stop_at_errors(rules: Iterable[Any]) -> None:
    """Let an error in a function of a rule, such as that of its inputs, end the run.

    Snakemake takes it for a sign that the rule does not apply. Where the output exists it becomes a source then, and
    nothing before it runs again, whatever was changed.

    Args:
        rules: of the workflow, after all of them have been read
    """
    for rule in rules:
        rule.apply_input_function = _guarded(rule.apply_input_function)


def _guarded(apply: Callable) -> Callable:
    @functools.wraps(apply)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return apply(*args, **kwargs)
        except Exception as error:
            # What was told to the function is of no use to someone who has to correct the data.
            told = error.__context__ if isinstance(error.__context__, DataError) else error
            _log.error(f"ERROR: {told}\nNothing was run.")  # Snakemake's handlers take no arguments
            # Not an Exception, of which Snakemake would make a sign that the rule does not apply.
            raise SystemExit(1) from error

    return call
