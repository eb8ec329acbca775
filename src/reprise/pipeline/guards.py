"""Errors of input functions, which Snakemake does not show where the files already exist that it asks about."""

import functools
import sys
from collections.abc import Callable, Iterable
from typing import Any


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
            print(f"ERROR: {error}\nNothing was run.", file=sys.stderr, flush=True)
            # Not an Exception, of which Snakemake would make a sign that the rule does not apply.
            raise SystemExit(1) from error

    return call
