"""Preparations by their names: ``how`` is the function ``prepare`` of the module ``reprise.images.prepare_how``."""

import importlib
from collections.abc import Callable

from reprise.storage.errors import unknown_name
from reprise.storage.modules import available

_PACKAGE = "reprise.images"
_PREFIX = "prepare_"


def load_preparation(name: str) -> Callable:
    """Load the preparation ``name``: a function of an image, a box and an image size; see its module for the rest.

    Raises:
        DataError: an unknown name, with the nearest one that exists
    """
    names = [module.removeprefix(_PREFIX) for module in available(_PACKAGE, "prepare")]
    if name not in names:
        raise unknown_name("preparations", name, names)
    preparation: Callable = importlib.import_module(f"{_PACKAGE}.{_PREFIX}{name}").prepare
    return preparation
