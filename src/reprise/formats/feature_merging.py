"""Merging of files of features, of either layout, without copying a descriptor."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from reprise.formats import virtual
from reprise.formats.dense_layouts import detect
from reprise.formats.feature_reader import global_dims
from reprise.formats.features import layout_of, open_features
from reprise.formats.ragged import row_keys
from reprise.storage import hdf5
from reprise.storage.errors import DataError

_KIND = "local features"
# Datasets about the whole file, which are not merged row by row.
_ABOUT = ("names", "skipped", "truncated", "turned", "chunks", "chunk_rows", "chunk_recipes")


def merge_features(
    chunks: Sequence[str | os.PathLike],
    path: str | os.PathLike,
    attributes: Mapping[str, object],
    *,
    one_recipe: bool = True,
    names: list[str] | None = None,
) -> None:
    """Merge files of features in their order, with virtual datasets that name their sources relative to ``path``.

    Chunks in the folder of ``path`` are named by their bare file names, so that the folder may move; others, such as
    the database and the distractors of a ``+1m`` set, by relative paths, so that the tree of folders may move.

    Args:
        chunks: files of one layout
        path: the merged file
        attributes: HDF5 attributes of the merged file, such as the recipe
        one_recipe: the chunks have to be of one recipe and hold the same datasets; False joins different
            files, such as a database and distractors, which have to be of one extractor where both name theirs (a
            published file does not; the merged file names it if all do), and takes the datasets that all of them hold
        names: names of the images, for published files, which have none

    Raises:
        DataError: a chunk that is missing, of another layout, recipe (extractor), K, D or type, or with other datasets;
            ragged chunks of one recipe from another folder; more or fewer images than ``names``
    """
    path, paths = Path(path), [Path(chunk) for chunk in chunks]
    if not paths:
        raise DataError(f"{path}: there are no chunks to merge")
    parts = [_read(chunk) for chunk in paths]
    if one_recipe and parts[0].layout == "ragged" and any(chunk.parent != path.parent for chunk in paths):
        raise DataError(f"{path}: chunks must stand in the folder of the merged file, got {list(map(str, paths))}")
    for chunk, part in zip(paths, parts, strict=True):
        _refuse_other(path, (chunk, part), (paths[0], parts[0]), one_recipe)
    names = _names(path, paths, parts, names)
    with hdf5.create(path, attributes) as file:
        _write(file, path, paths, parts)
        if names is not None:
            hdf5.write_names(file, "names", names)
            hdf5.write_names(file, "skipped", [name for part in parts for name in part.skipped])
            hdf5.write_names(file, "truncated", [name for part in parts for name in part.truncated])
            turned = [name for part in parts for name in part.turned]
            if turned:
                hdf5.write_names(file, "turned", turned)


@dataclass(frozen=True)
class _Part:
    """The description of one chunk.

    Attributes:
        layout: ragged or dense
        images: number of images
        counts: (images,) features of each image of a ragged file
        recipe: the recipe of the file
        extractor: the extractor, where the file names it
        convention: the convention of its keypoints
        datasets: shape and type of one row of each dataset, by its name in this version
        keys: their names in the file
        by_image: the datasets with one row per image; all others have one per feature
        names: names of the images, where the file has them
        skipped: names of the images that could not be decoded
        truncated: names of the images whose end was missing
        turned: names of the images that EXIF says are to be rotated, which was ignored
    """

    layout: str
    images: int
    counts: np.ndarray | None
    recipe: str
    extractor: str | None
    convention: str
    datasets: dict[str, tuple[tuple[int, ...], np.dtype]]
    keys: dict[str, str]
    by_image: frozenset[str]
    names: list[str] | None
    skipped: list[str]
    truncated: list[str]
    turned: list[str]

    def rows(self, key: str) -> int:
        """Return the number of rows of the dataset ``key``."""
        return self.images if key in self.by_image or self.counts is None else int(self.counts.sum())


def _read(path: Path) -> _Part:
    with open_features(path) as features, hdf5.open_checked(path, {}, _KIND, virtual=True) as file:
        layout = layout_of(path, file)
        counts = np.diff(features.offsets) if layout == "ragged" else None
        kinds = list(global_dims(file))
        if layout == "dense":
            detect(file["features"], str(path))
            keys = {key: key for key in file if key not in _ABOUT}
        else:
            keys = {**row_keys(path, file), **{kind: kind for kind in kinds}}
        return _Part(
            layout,
            features.num_images,
            counts,
            str(file.attrs.get("recipe", "")),
            file.attrs.get("extractor"),
            features.keypoint_convention,
            {key: (file[stored].shape[1:], file[stored].dtype) for key, stored in keys.items()},
            keys,
            frozenset(keys if layout == "dense" else kinds),
            features.names,
            features.skipped,
            features.truncated,
            features.turned,
        )


def _names(path: Path, paths: list[Path], parts: list[_Part], names: list[str] | None) -> list[str] | None:
    images = sum(part.images for part in parts)
    if names is None and all(part.names is not None for part in parts):
        names = [name for part in parts for name in part.names or []]
    if names is not None and len(names) != images:
        raise DataError(
            f"{path}: {', '.join(map(str, paths))} hold {images} images, the dataset has "
            f"{len(names)}; they are files of another dataset"
        )
    return names


def _write(file: h5py.File, path: Path, paths: list[Path], parts: list[_Part]) -> None:
    extractors = {part.extractor for part in parts}
    if len(extractors) == 1 and None not in extractors:
        file.attrs["extractor"] = extractors.pop()
    ragged = parts[0].layout == "ragged"
    own = "scores" if ragged else "features"
    virtual.write_chunks(file, path, paths, [part.rows(own) for part in parts], [part.recipe for part in parts])
    for key in sorted(set.intersection(*(set(part.datasets) for part in parts))):
        virtual.link(file, path, key, paths, [part.rows(key) for part in parts], [part.keys[key] for part in parts])
    if ragged:
        file.attrs["keypoint_convention"] = parts[0].convention
        counts = [part.counts for part in parts if part.counts is not None]
        offsets = np.concatenate([[0], np.cumsum(np.concatenate(counts))])
        hdf5.write_array(file, "offsets", offsets.astype(np.int64))


def _refuse_other(path: Path, chunk: tuple[Path, _Part], first: tuple[Path, _Part], one_recipe: bool) -> None:
    part, model = chunk[1], first[1]
    shared = part.datasets.keys() & model.datasets.keys()
    differing = sorted(key for key in shared if part.datasets[key] != model.datasets[key])
    if one_recipe:
        differing = ["recipe"] * (part.recipe != model.recipe) + differing
        differing += sorted(part.datasets.keys() ^ model.datasets.keys())
    if None not in (part.extractor, model.extractor) and part.extractor != model.extractor:
        differing = ["extractor", *differing]
    if part.convention != model.convention:
        differing = ["keypoint convention", *differing]
    if part.layout != model.layout:
        differing = ["layout"]
    if differing:
        raise DataError(
            f"{path}: chunk {chunk[0]} has another {differing[0]} than {first[0]}; delete the older one and extract it "
            "again"
        )
