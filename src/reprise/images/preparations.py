"""Preparations by their names: ``how`` is the function ``prepare`` of the module ``reprise.images.prepare_how``.

Those that make one image of a file take the same options, and say in ``EXIF`` what they do, as published, with a file
that EXIF says is to be rotated.
"""

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Literal, TypeAlias

from reprise.storage.errors import unknown_name
from reprise.storage.modules import available

#: What is done with an image that EXIF says is to be rotated: ``refuse`` it, ``ignore`` that, or ``apply`` it.
Orientation: TypeAlias = Literal["refuse", "ignore", "apply"]
#: Width and height in pixels.
Size: TypeAlias = tuple[int, int]

_PACKAGE = "reprise.images"
_PREFIX = "prepare_"


def load_preparation(name: str) -> Callable:
    """Load the preparation ``name``: a function of an image, a box and an image size; see its module for the rest.

    Raises:
        DataError: an unknown name, with the nearest one that exists
    """
    preparation: Callable = _loaded(name, "prepare").prepare
    return preparation


def published_orientation(name: str) -> Orientation:
    """Return what a preparation that makes one image does, as published, with a file that is to be rotated.

    Raises:
        DataError: as :func:`check_single`
    """
    found: Orientation = _loaded(name, "EXIF").EXIF
    return found


def check_single(name: str) -> str:
    """Return a name if it is that of a preparation that makes one image, without importing it.

    Raises:
        DataError: another name, with the nearest one that exists
    """
    names = [module.removeprefix(_PREFIX) for module in available(_PACKAGE, "EXIF")]
    if name not in names:
        raise unknown_name("preparations", name, names)
    return name


def preparation_module(name: str) -> str:
    """Return the full name of the module of a preparation, for the recipes of the stages that load it."""
    return f"{_PACKAGE}.{_PREFIX}{name}"


def _loaded(name: str, attribute: str) -> ModuleType:
    names = [module.removeprefix(_PREFIX) for module in available(_PACKAGE, attribute)]
    if name not in names:
        raise unknown_name("preparations", name, names)
    return importlib.import_module(preparation_module(name))
