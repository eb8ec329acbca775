"""Docstrings refer to names as ``:func:`name` ``, which Markdown does not know: here they become code."""

import re

from griffe import Extension, Object

_ROLE = re.compile(r":(?:attr|class|data|exc|func|meth|mod):`~?([^`]+)`")


class Roles(Extension):
    """Replaces roles in all docstrings."""

    def on_instance(self, *, obj: Object, **kwargs: object) -> None:
        """Rewrite the docstring of an object that was read."""
        if obj.docstring is not None:
            obj.docstring.value = _ROLE.sub(r"`\1`", obj.docstring.value)
