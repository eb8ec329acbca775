"""Preparations by their names: ``how`` is the function ``prepare`` of the module ``reprise.images.prepare_how``.

Those that make one image of a file take the same options, and say in ``EXIF`` what they do, as published, with a file
that EXIF says is to be rotated.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Literal, TypeAlias

from reprise.storage.modules import NamedModules

#: What is done with an image that EXIF says is to be rotated: ``refuse`` it, ``ignore`` that, or ``apply`` it.
Orientation: TypeAlias = Literal["refuse", "ignore", "apply"]
#: Width and height in pixels.
Size: TypeAlias = tuple[int, int]

PREPARATIONS = NamedModules("reprise.images", "prepare", prefix="prepare_")
# Those that make one image of a file.
_SINGLE = NamedModules("reprise.images", "EXIF", prefix="prepare_")


def load_preparation(name: str) -> Callable:
    """Load the preparation ``name``: a function of an image, a box and an image size; see its module for the rest.

    Raises:
        DataError: an unknown name, with the nearest one that exists
    """
    preparation: Callable = _loaded(PREPARATIONS, name).prepare
    return preparation


def published_orientation(name: str) -> Orientation:
    """Return what a preparation that makes one image does, as published, with a file that is to be rotated.

    Raises:
        DataError: as :func:`check_single`
    """
    found: Orientation = _loaded(_SINGLE, name).EXIF
    return found


def check_single(name: str) -> str:
    """Return a name if it is that of a preparation that makes one image, without importing it.

    Raises:
        DataError: another name, with the nearest one that exists
    """
    _SINGLE.check(name, "preparations")
    return name


def _loaded(kind: NamedModules, name: str) -> ModuleType:
    kind.check(name, "preparations")
    return kind.load(name, "preparations")
