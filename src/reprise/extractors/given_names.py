"""What the features of an image are called, in files that were made elsewhere.

An image ``sub/a.jpg`` has its features under ``sub/a.jpg`` or ``sub/a``: the array ``sub/a.jpg.npy`` or ``sub/a.npy``
below a folder, or the group of that name in an HDF5 file. Features that could be those of two images, or two features
of one image, are refused, because nothing later would notice an image that has those of another one.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from reprise.datasets.images import Dataset
from reprise.extractors.files import is_hdf5
from reprise.storage.errors import DataError
from reprise.storage.settings import without_braces

NPY = ".npy"
_ALL = slice(None)
_REMEDY = "compute them, correct the name, or take the image out of the dataset"


def given_files(
    files: Mapping[str, str], dataset: Dataset | None, split: str, shared: Sequence[str]
) -> dict[str, list[str]]:
    """List the files that hold the features of a split.

    Args:
        files: kind (local, global) -> a folder of NumPy files, or an HDF5 file
        dataset: its images; None where their list is not there yet, and any file of a folder may be of them
        split: database or queries
        shared: kinds whose files are those of the other split, too

    Returns:
        kind -> the HDF5 file, or the NumPy files, those of the images in their order

    Raises:
        DataError: no such file or folder, an image without a NumPy file, or one that two images share
    """
    found = {}
    for kind, root in files.items():
        if is_hdf5(root):
            if not Path(root).is_file():
                raise DataError(f"{root}: there is no such file; correct the path in {kind}_files")
            found[kind] = [str(Path(root))]
            continue
        listed = array_names(root)
        keys = sorted(listed)
        if dataset is not None:
            keys = located(root, dataset, split, listed.__contains__, kind in shared)
        found[kind] = [_literal(str(Path(root) / f"{key}{NPY}")) for key in keys]
    return found


def _literal(path: str) -> str:
    try:
        return without_braces(path)
    except ValueError as error:
        raise DataError(f"{error}") from error


def array_names(root: str) -> frozenset[str]:
    """The NumPy files below a folder, without their extension."""
    if not Path(root).is_dir():
        raise DataError(f"{root}: there is no such folder; give a folder of {NPY} files, or a file that ends in .h5")
    found = []
    for parent, _, files in os.walk(root, followlinks=True):
        below = Path(parent).relative_to(root)
        found += [(below / name).as_posix().removesuffix(NPY) for name in files if name.endswith(NPY)]
    if not found:
        raise DataError(f"{root}: holds no {NPY} file; give the folder of the features")
    return frozenset(found)


def located(
    root: str, dataset: Dataset, split: str, has: Callable[[str], bool], shared: bool, rows: slice = _ALL
) -> list[str]:
    """Find what the features of images of a split are called, which no other image may have, of the other split either.

    Args:
        root: the folder or the file
        dataset: all images
        split: database or queries
        has: whether there are features of a name
        shared: whether there are those of the other split, too
        rows: which images of the split
    """
    images = dataset.split(split)
    asked = list(zip(images.names[rows], images.paths[rows], strict=True))
    found = [_key(root, name, path, has) for name, path in asked]
    if None in found:
        name, path = asked[found.index(None)]
        kind, ending = ("group", "") if is_hdf5(root) else ("file", NPY)
        names = " or ".join(f"'{key}{ending}'" for key in _names(name, path))
        raise DataError(
            f"{root}: has no features of '{name}' ({found.count(None)} of {len(asked)} images have none); there is no "
            f"{kind} {names} in it; {_REMEDY}"
        )
    keys = [key for key in found if key is not None]
    owners: dict[str, Path] = {}
    for key, (_, path) in zip(keys, asked, strict=True):
        _refuse_shared(root, key, path, owners.setdefault(key, path))
    for name, path in _all_images(dataset, split, shared):
        for key in _names(name, path):
            if owners.get(key, path) != path and _key(root, name, path, has) == key:
                _refuse_shared(root, key, path, owners[key])
    return keys


def _refuse_shared(root: str, key: str, path: Path, owner: Path) -> None:
    if owner != path:
        raise DataError(
            f"{root}: '{key}' would be the features of two images, {owner} and {path}; name features after the whole "
            "names of the images, or give the database and the queries places of their own: "
            "{database: ..., queries: ...}"
        )


def _all_images(dataset: Dataset, split: str, shared: bool) -> Iterator[tuple[str, Path]]:
    for images in (dataset.database, dataset.queries) if shared else (dataset.split(split),):
        if images is not None:
            yield from zip(images.names, images.paths, strict=True)


def _names(name: str, path: Path) -> list[str]:
    """What the features of an image may be called: with its extension, and without."""
    whole = name if name.endswith(path.suffix) else name + path.suffix
    return list(dict.fromkeys([whole, whole.removesuffix(path.suffix)]))


def _key(root: str, name: str, path: Path, has: Callable[[str], bool]) -> str | None:
    found = [key for key in _names(name, path) if has(key)]
    if len(found) > 1:
        raise DataError(f"{root}: has two features of '{name}', '{found[0]}' and '{found[1]}'; take one away")
    return found[0] if found else None
