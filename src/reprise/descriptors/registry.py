"""Descriptors, loaded by their names in the configuration."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from reprise.descriptors.base import DescriptorSettings, KeypointDescriptor
from reprise.descriptors.on_patches import PatchDescriptor
from reprise.storage.errors import DataError
from reprise.storage.modules import load_named

_PACKAGE = "reprise.descriptors"


def load_descriptor(name: str, *, device: str = "cpu", **settings: Any) -> KeypointDescriptor:
    """Load a descriptor; only its own module is imported.

    Args:
        name: a module of this package, such as ``rootsift``, or ``package.module:Class`` of a plug-in
        device: where its network runs, such as ``cpu`` or ``cuda``
        settings: keys of its ``Settings``; those that are left out have their defaults

    Returns:
        the descriptor

    Raises:
        DataError: an unknown name or setting, or an unfit value, or a checkpoint that cannot be used
    """
    where = f"descriptor {name}"
    return descriptor_of(descriptor_settings(name, where).read({"type": name, **settings}, where), device)


def load_patch_descriptor(settings: Mapping[str, Any], device: str = "cpu") -> Callable[[np.ndarray], np.ndarray]:
    """Load a descriptor of patches.

    Args:
        settings: its values, ``type`` among them, with files in place of the names of networks
        device: where its network runs

    Returns:
        (n, P, P) grey levels -> (n, D) float32, the method ``of_any_patches`` of
        :class:`reprise.descriptors.on_patches.PatchDescriptor`

    Raises:
        DataError: as :func:`load_descriptor`, or a descriptor that needs the whole image
    """
    found = patch_descriptor_class(settings["type"])
    return found(found.Settings.read(settings, f"descriptor {settings['type']}"), device).of_any_patches


def patch_descriptor_class(name: str) -> type[PatchDescriptor]:
    """Return the class of a descriptor of patches.

    Args:
        name: as for :func:`load_descriptor`

    Raises:
        DataError: an unknown name, or a descriptor that needs the whole image
    """
    found = descriptor_class(name)
    if not issubclass(found, PatchDescriptor):
        raise DataError(f"descriptor {name}: describes keypoints of an image and no patches; name another one")
    return found


def descriptor_of(settings: DescriptorSettings, device: str = "cpu") -> KeypointDescriptor:
    """Construct the descriptor of settings that were read already."""
    return descriptor_class(settings.type)(settings, device)


def descriptor_class(name: str, where: str | None = None) -> type[KeypointDescriptor]:
    """Return the class of a descriptor, which says its dimension and the model of its settings.

    Args:
        name: as for :func:`load_descriptor`
        where: what errors begin with

    Raises:
        DataError: an unknown name
    """
    found: type[KeypointDescriptor] = load_named(_PACKAGE, name, "Descriptor", where or f"descriptor {name}")
    return found


def descriptor_settings(name: str, where: str) -> type[DescriptorSettings]:
    """Return the settings model of a descriptor, an attribute of its class; see :func:`descriptor_class`."""
    return descriptor_class(name, where).Settings
