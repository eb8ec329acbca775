"""REPRoducible Instance SEarch: published image-retrieval systems as one workflow over one library."""

import typing

from reprise.extras import name_missing_extras

if typing.TYPE_CHECKING:
    from reprise.cli.search import search as search

    __version__: str

__all__ = ["__version__", "search"]

name_missing_extras()


def __getattr__(name: str) -> object:
    # Imported when it is used: it reads images, and the package is imported by all that does not.
    if name == "search":
        from reprise.cli.search import search

        return search
    if name == "__version__":
        import importlib.metadata

        try:
            return importlib.metadata.version("reprise")
        except importlib.metadata.PackageNotFoundError:  # a tree on Python's path that was not installed
            return "unknown"
    raise AttributeError(f"module 'reprise' has no attribute '{name}'")
