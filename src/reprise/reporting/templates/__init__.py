"""Templates of the pages that people look at: HTML with its style and its script in it, so that a page is one file."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

_FOLDER = Path(__file__).parent
# The files of this folder that a template extends, imports, or has in it.
_NAMED = re.compile(r'"(\w+\.(?:html|css|js))"')


def render(template: str, **values: Any) -> str:
    """Render a template of this folder.

    Texts are escaped; ``embedded`` makes values of JSON safe inside of a script element.

    Args:
        template: its name, such as gallery.html
        values: what it shows
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    environment.filters |= {"embedded": _embedded, "duration": _duration, "size": _size, "kind": _kind}
    environment.globals["inlined"] = lambda name: Markup((_FOLDER / name).read_text("utf-8"))
    return environment.get_template(template).render(values)


def templates_hash(template: str) -> str:
    """Hash a template and all files of this folder that it names, for the recipe of its page.

    Args:
        template: its name, such as gallery.html
    """
    found: dict[str, bytes] = {}
    waiting = [template]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = (_FOLDER / name).read_bytes()
            waiting += _NAMED.findall(found[name].decode()) if name.endswith(".html") else []
    return hashlib.sha256(b"".join(name.encode() + found[name] for name in sorted(found))).hexdigest()


def _embedded(value: Any) -> Markup:
    """JSON without the characters that could end a script element, or begin a comment in it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # escaped above


def _kind(verdict: str) -> str:
    """The class of a verdict in the style."""
    return verdict.replace(" ", "-")


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"


def _size(count: float | None) -> str:
    if count is None:
        return ""
    unit, name = next((unit, name) for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (0, "B")) if count >= unit)
    return f"{count / unit:.1f} {name}" if unit else f"{count:.0f} B"
