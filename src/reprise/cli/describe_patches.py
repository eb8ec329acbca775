"""``reprise describe-patches``: the descriptors of patches that stand below each other in an image."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from reprise.datasets.hpatches import read_patch_image
from reprise.descriptors.registry import load_patch_descriptor, patch_descriptor_class
from reprise.storage.atomic import atomic_path
from reprise.storage.errors import DataError

# What separates the numbers of a line.
_TEXTS = {".csv": ",", ".txt": " "}
_FORMATS = (*_TEXTS, ".npy")
# Key of config/sources.yaml, and file, of the weights that are taken where none are named.
_PUBLISHED = {
    "hardnet": ("hardnet_liberty_aug", "checkpoint_liberty_with_aug.pth"),
    "tfeat": ("tfeat_liberty", "tfeat-liberty.params"),
    "l2net": ("l2net_lib+", "L2Net-LIB+.mat"),
}
_DOWNLOADS = Path("data") / "downloads"


def describe_patches(
    image: str | os.PathLike,
    output: str | os.PathLike,
    *,
    descriptor: str = "hardnet",
    checkpoint: str | os.PathLike | None = None,
    device: str | None = None,
) -> str:
    """Describe the patches of an image, and write a descriptor per line.

    Args:
        image: as wide as a patch, and as high as all of them
        output: a ``.csv`` file, or ``.txt`` with spaces as the published example writes it, of five decimals; or
            ``.npy``, (n, D) float32
        descriptor: the name of a descriptor of patches, a module of :mod:`reprise.descriptors`
        checkpoint: the file of its network, if it has one; None takes the published weights, trained on liberty, from
            the downloads of the project in the current folder
        device: where the network runs; None for a GPU where there is one

    Returns:
        what was done, in a sentence

    Raises:
        DataError: an image or a checkpoint that cannot be used, a checkpoint that is missing, or another name of a file
    """
    output = Path(output)
    if output.suffix not in _FORMATS:
        raise DataError(f"{output}: the name of the output ends in {', '.join(_FORMATS)}; give one of these")
    patches = read_patch_image(Path(image))
    vectors = _loaded(descriptor, checkpoint, device)(patches)
    with atomic_path(output) as temporary, temporary.open("wb") as file:
        if output.suffix == ".npy":
            np.save(file, vectors)
        else:
            np.savetxt(file, vectors, fmt="%10.5f", delimiter=_TEXTS[output.suffix])
    return f"{output}: {len(vectors)} descriptors of {vectors.shape[1]} dimensions"


def _loaded(name: str, checkpoint: str | os.PathLike | None, device: str | None) -> Callable[[np.ndarray], np.ndarray]:
    needed = patch_descriptor_class(name).Settings.checkpoints
    settings = {}
    if needed:
        from reprise.networks.devices import best_device

        settings[needed[0]] = str(_weights(name, checkpoint))
        device = device or best_device()
    elif checkpoint is not None:
        raise DataError(f"descriptor {name}: has no network; leave --checkpoint out")
    return load_patch_descriptor({"type": name, **settings}, device or "cpu")


def _weights(name: str, checkpoint: str | os.PathLike | None) -> Path:
    if checkpoint is not None:
        if not Path(checkpoint).is_file():
            raise DataError(f"{checkpoint}: there is no such file; give the weights of {name}")
        return Path(checkpoint)
    source, file = _PUBLISHED.get(name, (None, None))
    if file is not None and (_DOWNLOADS / file).is_file():
        return _DOWNLOADS / file
    fetch = f", or fetch the published ones: snakemake --cores 1 {_DOWNLOADS / source}.receipt.json" if source else ""
    raise DataError(f"descriptor {name}: needs the weights of its network; give --checkpoint FILE{fetch}")
