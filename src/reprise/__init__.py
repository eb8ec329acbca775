"""REPRoducible Instance SEarch: published image-retrieval systems as one workflow over one library."""

import typing

if typing.TYPE_CHECKING:
    from reprise.cli.search import search as search

__version__ = "0.1.0"
__all__ = ["__version__", "search"]


def __getattr__(name: str) -> object:
    # Imported when it is used: it reads images, and the package is imported by all that does not.
    if name == "search":
        from reprise.cli.search import search

        return search
    raise AttributeError(f"module 'reprise' has no attribute '{name}'")
