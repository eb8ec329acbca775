"""Merging files of dense local features without copying a descriptor."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reprise.formats import virtual
from reprise.formats.dense_layouts import detect
from reprise.storage import hdf5
from reprise.storage.errors import DataError

_KIND = "dense local features"
# Datasets about the whole file, which are not merged row by row.
_ABOUT = ("names", "skipped", "chunks", "chunk_rows", "chunk_recipes")


def merge_dense(
    path: str | os.PathLike,
    chunks: Sequence[str | os.PathLike],
    attributes: Mapping[str, object],
    *,
    one_recipe: bool = True,
    names: list[str] | None = None,
) -> None:
    """Make one file of ``chunks``, in this order, with virtual datasets that name their sources relative to ``path``.

    Chunks in the folder of ``path`` are named by their bare file names, so that the folder may move; others, such as
    the database and the distractors of a ``+1m`` set, by relative paths, so that the tree of folders may move.

    Args:
        one_recipe: whether the chunks have to be of one recipe and hold the same datasets; False joins different
            files, such as a database and distractors, which have to be of one extractor where both name theirs (a
            published file does not; the merged file names it if all do), and takes the datasets that all of them hold
        names: of the images, for published files, which have none

    Raises:
        DataError: a chunk that is missing, of another recipe (extractor), K, D or type, or with other datasets; more or
            fewer images than ``names``
    """
    path, paths = Path(path), [Path(chunk) for chunk in chunks]
    if not paths:
        raise DataError(f"{path}: there are no chunks to merge")
    parts = [_read(chunk) for chunk in paths]
    keys = set.intersection(*(set(part.datasets) for part in parts))
    if names is None and all(part.names is not None for part in parts):
        names = [name for part in parts for name in part.names or []]
    if names is not None and len(names) != sum(part.rows for part in parts):
        raise DataError(
            f"{path}: {', '.join(map(str, paths))} hold {sum(part.rows for part in parts)} images, the dataset has "
            f"{len(names)}; they are files of another dataset"
        )
    for chunk, part in zip(paths, parts, strict=True):
        _refuse_other(path, (chunk, part), (paths[0], parts[0]), one_recipe)
    with hdf5.create(path, attributes) as file:
        extractors = {part.extractor for part in parts}
        if len(extractors) == 1 and None not in extractors:
            file.attrs["extractor"] = extractors.pop()
        rows = [part.rows for part in parts]
        virtual.write_chunks(file, path, paths, rows, [part.recipe for part in parts])
        for key in sorted(keys):
            virtual.link(file, path, key, paths, rows)
        if names is not None:
            hdf5.write_names(file, "names", names)
            hdf5.write_names(file, "skipped", [name for part in parts for name in part.skipped])


@dataclass(frozen=True)
class _Part:
    """What one chunk says about itself; datasets: shape and type of one row of each dataset of numbers."""

    rows: int
    recipe: str
    extractor: str | None
    datasets: dict[str, tuple[tuple[int, ...], np.dtype]]
    names: list[str] | None
    skipped: list[str]


def _read(path: Path) -> _Part:
    virtual.resolve(path, "features", _KIND)
    with hdf5.open_checked(path, {}, _KIND) as file:
        detect(file["features"], str(path))
        datasets = {key: (file[key].shape[1:], file[key].dtype) for key in file if key not in _ABOUT}
        names = hdf5.read_names(file, "names") if "names" in file else None
        skipped = hdf5.read_names(file, "skipped") if "skipped" in file else []
        recipe, extractor = str(file.attrs.get("recipe", "")), file.attrs.get("extractor")
        return _Part(file["features"].shape[0], recipe, extractor, datasets, names, skipped)


def _refuse_other(path: Path, chunk: tuple[Path, _Part], first: tuple[Path, _Part], one_recipe: bool) -> None:
    part, model = chunk[1], first[1]
    shared = part.datasets.keys() & model.datasets.keys()
    differing = sorted(key for key in shared if part.datasets[key] != model.datasets[key])
    if one_recipe:
        differing = ["recipe"] * (part.recipe != model.recipe) + differing
        differing += sorted(part.datasets.keys() ^ model.datasets.keys())
    if None not in (part.extractor, model.extractor) and part.extractor != model.extractor:
        differing = ["extractor", *differing]
    if differing:
        raise DataError(
            f"{path}: chunk {chunk[0]} has another {differing[0]} than {first[0]}; delete the older one and extract it "
            "again"
        )
