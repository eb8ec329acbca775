"""Features that were computed elsewhere, found by the names of their images, checked, and written as our own.

An image ``sub/a.jpg`` has its features under ``sub/a.jpg`` or ``sub/a``: the array ``sub/a.jpg.npy`` or ``sub/a.npy``
below a folder, or the group of that name in an HDF5 file. Features that could be those of two images, or two features
of one image, are refused, because nothing later would notice an image that has those of another one.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from reprise.datasets.images import Box, Dataset, ImageList
from reprise.extractors.files import GLOBAL, is_hdf5
from reprise.formats.arrays import LocalFeatures
from reprise.storage.errors import DataError
from reprise.storage.settings import without_braces

_NPY = ".npy"
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
        listed = _listed(root)
        keys = sorted(listed)
        if dataset is not None:
            keys = _located(root, dataset, split, listed.__contains__, kind in shared)
        found[kind] = [_literal(str(Path(root) / f"{key}{_NPY}")) for key in keys]
    return found


def _literal(path: str) -> str:
    try:
        return without_braces(path)
    except ValueError as error:
        raise DataError(f"{error}") from error


def check_boxes(images: ImageList, box: str | None, where: str) -> None:
    """Refuse queries with boxes where nothing says what the features are of; see ``box`` of the settings.

    Raises:
        DataError: such queries
    """
    boxed = [name for name, given in zip(images.names, images.boxes or [], strict=False) if given is not None]
    if boxed and box is None:
        raise DataError(
            f"{where}.box: {len(boxed)} queries have a box ('{boxed[0]}'); say what their features are of: crop, where "
            "the image was cut to its box first, or ignore (of the whole image), or filter (keypoints in the box)"
        )


def import_images(
    dataset: Dataset,
    split: str,
    rows: slice,
    given: Mapping[str, Any],
    path: str | os.PathLike,
    attributes: Mapping[str, object],
) -> None:
    """Write features that were computed elsewhere as those of some images of a dataset.

    Args:
        dataset: the images
        split: database or queries
        rows: which images of the split
        given: what :meth:`reprise.extractors.files.Settings.of` returns
        path: the file of features
        attributes: HDF5 attributes of the file; ``recipe`` among them

    Raises:
        DataError: an image without features, or with those of two; values that are no floats, or not finite; arrays of
            a shape that does not fit; keypoints outside of the image; naming file and image
    """
    from reprise.formats.feature_writing import feature_writer

    listed = dataset.split(split)
    images = ImageList(listed.names[rows], listed.paths[rows], listed.boxes[rows] if listed.boxes else None)
    check_boxes(images, given.get("box"), "extractor")
    with ExitStack() as stack:
        readers: dict[str, Callable[[int], Any]] = {}
        for kind, root in given["files"].items():
            find = stack.enter_context(_opened(root, "descriptors" if kind == "local" else "global_descriptor"))
            keys = _located(root, dataset, split, find.has, kind in given["shared"], rows)
            readers[kind] = _reader(find, keys, images, given, kind)
        first = {kind: read(0) for kind, read in readers.items()}
        writer = stack.enter_context(
            feature_writer(
                path,
                first["local"].descriptors.shape[1] if "local" in first else 0,
                attributes,
                global_dims={GLOBAL: len(first["global"])} if "global" in first else None,
                keypoint_convention="colmap" if is_hdf5(given["files"].get("local", "")) else "none",
            )
        )
        for row, name in enumerate(tqdm(images.names, unit="image", desc=Path(path).name, mininterval=1.0)):
            read = first if row == 0 else {kind: read(row) for kind, read in readers.items()}
            local = read.get("local", _NOTHING)
            vectors = {GLOBAL: read["global"]} if "global" in read else {}
            writer.append(
                name,
                LocalFeatures(
                    local.descriptors, local.scores, local.keypoints, local.scales, global_descriptors=vectors
                ),
            )


_NOTHING = LocalFeatures(*(np.zeros(shape, np.float32) for shape in ((0, 0), 0, (0, 2), 0)))


class _Folder:
    """A folder of NumPy files."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.has = _listed(root).__contains__

    def where(self, key: str) -> str:
        return str(Path(self.root) / f"{key}{_NPY}")

    def local(self, key: str, image: Path, box: Box | None, given: Mapping[str, Any]) -> LocalFeatures:
        """Descriptors without places, strongest first."""
        from reprise.untrusted.feature_files import read_npy

        values = read_npy(self.where(key))
        if values.ndim != 2:
            raise DataError(f"{self.where(key)}: has the shape {values.shape}, expected (n, D): a row for each feature")
        count = len(values)
        keypoints, scales = np.zeros((count, 2), np.float32), np.ones(count, np.float32)
        return LocalFeatures(_float32(values, self.where(key)), _by_order(count), keypoints, scales)

    def vector(self, key: str) -> np.ndarray:
        from reprise.untrusted.feature_files import read_npy

        return read_npy(self.where(key))

    def close(self) -> None:
        """Nothing is open."""


class _Groups:
    """An HDF5 file in the layout of hloc.

    Args:
        root: the file
        key: the dataset that each group has to have
    """

    def __init__(self, root: str, key: str) -> None:
        from reprise.untrusted.feature_files import GroupedFeatures

        self.root, self._key, self._file = root, key, GroupedFeatures(root)

    def has(self, name: str) -> bool:
        return self._file.has(name, self._key)

    def where(self, key: str) -> str:
        return f"{self.root}: '{key}'"

    def local(self, key: str, image: Path, box: Box | None, given: Mapping[str, Any]) -> LocalFeatures:
        """Descriptors with keypoints in pixels of the file."""
        where = self.where(key)
        keypoints = self._file.read(key, "keypoints", integers=True).astype(np.float64)
        descriptors = self._file.read(key, "descriptors")
        if keypoints.ndim != 2 or keypoints.shape[1] != 2:
            raise DataError(f"{where}: keypoints have the shape {keypoints.shape}, expected (n, 2): x, y in pixels")
        count = len(keypoints)
        if descriptors.ndim != 2 or descriptors.shape[1] != count:
            raise DataError(
                f"{where}: descriptors have the shape {descriptors.shape} for {count} keypoints; hloc stores (D, n), a "
                "column for each keypoint; transpose them"
            )
        scores = _by_order(count) if given["scores"] == "order" else self._scores(key, count)
        if given["keypoint_convention"] == "opencv":
            from reprise.geometry.conventions import from_opencv

            keypoints = from_opencv(keypoints)
        keypoints, kept = _placed(keypoints, self._size(key), image, box, given.get("box"), where)
        columns = (_float32(descriptors.T, where), scores, keypoints.astype(np.float32), np.ones(count, np.float32))
        return LocalFeatures(*(np.ascontiguousarray(values[kept]) for values in columns))

    def vector(self, key: str) -> np.ndarray:
        return self._file.read(key, "global_descriptor")

    def _scores(self, key: str, count: int) -> np.ndarray:
        if not self._file.has(key, "scores"):
            raise DataError(
                f"{self.where(key)}: has no 'scores'; set scores: order, if the first rows are the strongest"
            )
        scores = self._file.read(key, "scores")
        if scores.shape != (count,):
            raise DataError(f"{self.where(key)}: scores have the shape {scores.shape} for {count} keypoints")
        return _float32(scores, self.where(key))

    def _size(self, key: str) -> tuple[int, ...] | None:
        if not self._file.has(key, "image_size"):
            return None
        return tuple(np.rint(self._file.read(key, "image_size", integers=True)).astype(int).ravel().tolist())

    def close(self) -> None:
        self._file.close()


@contextmanager
def _opened(root: str, key: str) -> "Iterator[_Folder | _Groups]":
    source: _Folder | _Groups = _Groups(root, key) if is_hdf5(root) else _Folder(root)
    try:
        yield source
    finally:
        source.close()


def _reader(
    source: _Folder | _Groups, keys: list[str], images: ImageList, given: Mapping[str, Any], kind: str
) -> Callable[[int], Any]:
    """Return what reads the features of one kind by the row of their image."""

    def local(row: int) -> LocalFeatures:
        box = images.boxes[row] if images.boxes else None
        found = source.local(keys[row], images.paths[row], box, given)
        dim = found.descriptors.shape[1]
        if given["dim"] not in (None, dim):
            raise DataError(
                f"{source.where(keys[row])}: has descriptors of {dim} dimensions, and dim of the extractor is "
                f"{given['dim']}; correct it, or transpose the arrays"
            )
        return _strongest(found, given["num_features"])

    def vector(row: int) -> np.ndarray:
        where = source.where(keys[row])
        values = source.vector(keys[row])
        if values.ndim != 1 or not values.size:
            raise DataError(f"{where}: the global descriptor has the shape {values.shape}, expected (G,)")
        if not given["normalised"]:
            return _float32(values, where)
        length = np.linalg.norm(values.astype(np.float64))
        if not length:
            raise DataError(f"{where}: the global descriptor is 0, and has no direction; compute it again")
        return _float32(values / length, where)

    return local if kind == "local" else vector


def _listed(root: str) -> frozenset[str]:
    """The NumPy files below a folder, without their extension."""
    if not Path(root).is_dir():
        raise DataError(f"{root}: there is no such folder; give a folder of {_NPY} files, or a file that ends in .h5")
    found = []
    for parent, _, files in os.walk(root, followlinks=True):
        below = Path(parent).relative_to(root)
        found += [(below / name).as_posix().removesuffix(_NPY) for name in files if name.endswith(_NPY)]
    if not found:
        raise DataError(f"{root}: holds no {_NPY} file; give the folder of the features")
    return frozenset(found)


def _located(
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
        kind, ending = ("group", "") if is_hdf5(root) else ("file", _NPY)
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


def _placed(
    keypoints: np.ndarray, stated: tuple[int, ...] | None, image: Path, box: Box | None, box_use: str | None, where: str
) -> tuple[np.ndarray, np.ndarray]:
    """Bring keypoints to pixels of the file, and tell which are used.

    Args:
        keypoints: (n, 2) in pixels of the image, or of its crop
        stated: width and height of what they are of, where the file says it
        image: the file
        box: of a query
        box_use: crop, filter or ignore
        where: what errors begin with

    Returns:
        (n, 2) float64 and (n,) bool

    Raises:
        DataError: keypoints outside of the image, or features of an image of another size
    """
    from reprise.images.boxes import inside, whole_box
    from reprise.images.decoding import orientation_of, size_of

    size, corner = size_of(image), (0, 0)
    if box is not None and box_use == "crop":
        x1, y1, x2, y2 = whole_box(box, size, str(image))
        size, corner = (x2 - x1, y2 - y1), (x1, y1)
    if not _fits(keypoints, stated, size):
        turned = not any(corner) and orientation_of(image) in (5, 6, 7, 8)  # as it is shown, and not as it is stored
        if not turned or not _fits(keypoints, stated, size[::-1]):
            found = f"is of {stated[0]} x {stated[1]} pixels" if stated and len(stated) == 2 else "has others"
            raise DataError(
                f"{where}: {image} {'cut to its box ' if any(corner) else ''}has {size[0]} x {size[1]} pixels, and the "
                f"image of these keypoints {found} (they reach to {_reach(keypoints)}); they are features of another "
                "image, or of one that was resized: bring keypoints to pixels of the file"
            )
    placed = keypoints + corner
    kept = inside(placed, box) if box is not None and box_use == "filter" else np.ones(len(placed), bool)
    return placed, kept


def _fits(keypoints: np.ndarray, stated: tuple[int, ...] | None, size: tuple[int, int]) -> bool:
    """Tell whether keypoints are inside an image, as far as float16, in which hloc stores them, can say it."""
    if stated is not None and (len(stated) != 2 or max(abs(stated[0] - size[0]), abs(stated[1] - size[1])) > 1):
        return False
    slack = np.array(size) / 512 + 1
    return bool(((keypoints >= -slack) & (keypoints <= size + slack)).all())


def _reach(keypoints: np.ndarray) -> str:
    return ", ".join(f"{value:.1f}" for value in keypoints.max(axis=0)) if len(keypoints) else "nothing"


def _strongest(features: LocalFeatures, count: int | None) -> LocalFeatures:
    if count is None or len(features) <= count:
        return features
    rows = np.sort(np.argsort(-features.scores, kind="stable")[:count])
    columns = (features.descriptors, features.scores, features.keypoints, features.scales)
    return LocalFeatures(*(values[rows] for values in columns))


def _by_order(count: int) -> np.ndarray:
    """Scores of features that are sorted by their strength."""
    return np.arange(count, 0, -1).astype(np.float32)


def _float32(values: np.ndarray, where: str) -> np.ndarray:
    with np.errstate(over="ignore"):
        converted = values.astype(np.float32)
    if not np.isfinite(converted).all():
        raise DataError(f"{where}: holds values that are too large for float32; scale them")
    return converted
