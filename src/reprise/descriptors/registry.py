"""Descriptors, loaded by their names in the configuration."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from reprise.descriptors.base import DescriptorSettings, KeypointDescriptor
from reprise.descriptors.on_patches import PatchDescriptor
from reprise.storage.errors import DataError
from reprise.storage.named_classes import NamedClasses

DESCRIPTORS = NamedClasses[KeypointDescriptor, DescriptorSettings]("reprise.descriptors", "Descriptor")


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
    return DESCRIPTORS.construct_from(name, settings, device)


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
    found = DESCRIPTORS.class_of(name)
    if not issubclass(found, PatchDescriptor):
        raise DataError(f"descriptor {name}: describes keypoints of an image and no patches; name another one")
    return found
