"""A recipe as a text that is short where people read it."""

import json
from typing import Any

_LONGEST = 400  # characters
_DIGITS = 12  # of hashes


class RecipeText(str):
    """The JSON of a recipe, which Snakemake compares as any text, and writes into its report as a line of settings.

    A copy in another process is a plain text.
    """

    __slots__ = ()

    def __format__(self, specification: str) -> str:
        content = json.loads(self)
        code = content.get("code")
        said = _said({**({"code": code} if code else {}), **content.get("parameters", {})})
        return said if len(said) <= _LONGEST else f"{said[:_LONGEST]} ..."

    def __reduce__(self) -> tuple[Any, ...]:
        return str, (str.__str__(self),)


def _said(value: Any) -> str:
    """Values without quotation marks, hashes by their first digits, and nothing of what is empty."""
    if isinstance(value, dict):
        return ", ".join(
            f"{key} ({_said(each)})" if isinstance(each, dict) else f"{key} {_said(each)}"
            for key, each in value.items()
            if each not in (None, "", [], {})
        )
    if isinstance(value, list):
        return "[" + ", ".join(map(_said, value)) + "]"
    if isinstance(value, str) and len(value) == 64 and set(value) <= set("0123456789abcdef"):
        return value[:_DIGITS]
    return str(value)
