"""The extras: an import of reprise that fails for want of a package says which of them has it.

``pip install reprise`` installs what search engines, codebooks, metrics and formats need. Modules that need more import
it like any other, at their top or where they use it.
"""

import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec
from types import FrameType, ModuleType

#: Extra of pyproject.toml -> what is imported of its packages.
EXTRAS = {
    "torch": ("PIL", "cv2", "filelock", "kornia", "pydantic", "pydantic_core", "torch", "typing_extensions"),
    "workflow": (
        "PIL", "cv2", "filelock", "jinja2", "markupsafe", "matplotlib", "pydantic", "pydantic_core", "requests",
        "rocrate", "scipy", "snakemake", "typing_extensions", "urllib3", "yaml",
    ),
    "localization": ("pycolmap", "pydantic", "pydantic_core", "scipy", "typing_extensions"),
}  # fmt: skip

#: Package of reprise -> the extra that its users want, where several have what is missing; else the first of them.
_WANTED = {
    **dict.fromkeys(("", "__main__", "cli", "datasets", "downloads", "pipeline", "reporting"), "workflow"),
    "localization": "localization",
}


class MissingExtraError(ModuleNotFoundError):
    """A package that reprise needs is not installed, and belongs to an extra."""


class _Refusal:
    """Asked after all other finders, when none of them found a module."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Raise MissingExtraError where a module of reprise imports a package of an extra; never find anything."""
        having = [extra for extra, packages in EXTRAS.items() if name in packages]
        importing = list(_importing()) if having else []
        if not importing or not _is_ours(importing[0]):  # others look whether a package is there, and do without
            return None
        asked = next(filter(_is_ours, reversed(importing)))  # by whoever uses reprise
        wanted = _WANTED.get(asked.removeprefix("reprise").removeprefix(".").partition(".")[0])
        extra = wanted if wanted in having else having[0]
        raise MissingExtraError(
            f"{importing[0]} needs {name}, which is not installed; run: pip install 'reprise[{extra}]'", name=name
        )


def _importing() -> Iterator[str]:
    """Iterate over the names of the modules that are running, from the one with the import statement outwards."""
    frame: FrameType | None = sys._getframe(1)
    while frame:
        name = str(frame.f_globals.get("__name__", ""))
        if name != __name__ and name.partition(".")[0] != "importlib":
            yield name
        frame = frame.f_back


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] == "reprise"


def name_missing_extras() -> None:
    """Make failing imports of reprise name the extra; for this process, once."""
    if not any(isinstance(finder, _Refusal) for finder in sys.meta_path):
        sys.meta_path.append(_Refusal())
