"""retrieval-SfM-120k (Radenovic et al., TPAMI 2018): training images of 3-D reconstructions, and matching pairs.

An image is identified by a content hash, its *cid*; the file has no extension and is stored in three levels of folders
that are named after the last six characters, the last two first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

from reprise.datasets.images import Dataset, ImageList, check_indices
from reprise.datasets.layout import DatasetLayout, below
from reprise.storage.arguments import quoted
from reprise.storage.errors import DataError
from reprise.untrusted.pickles import load_pickle


class SfmLayout(DatasetLayout):
    """Images below ``ims`` in folders that are named after their content hashes."""

    def _own_images(self) -> str:
        return below(self.folder, "ims")


class Layout(SfmLayout):
    """Content hashes, the 3-D model of each image, and matching pairs."""

    teaches = "pairs"

    part: Literal["train", "val"] = Field(description="the part of the file")
    first: int | None = Field(None, ge=1, description="only so many images, in the order of the file")

    @classmethod
    def load(cls, description: Mapping[str, Any]) -> Dataset:
        """Read the images; see :meth:`reprise.datasets.layout.DatasetLayout.load`."""
        return Dataset(cls.load_pairs(description).images.first(description.get("first")))

    @classmethod
    def load_pairs(cls, description: Mapping[str, Any]) -> "TrainingSet":
        """Read all images and matching pairs; ``description`` as for :meth:`load`."""
        return read_training_set(Path(description["images"]), Path(description["index"]), description["part"])


@dataclass(frozen=True)
class TrainingSet:
    """Images with the 3-D model that each belongs to, and matching pairs of them.

    Attributes:
        images: N images
        clusters: (N,) int64, the 3-D model of each image
        queries: (P,) int64, indices of the first images of the pairs
        positives: (P,) int64, indices of images that show the same surface as the first ones
    """

    images: ImageList
    clusters: np.ndarray
    queries: np.ndarray
    positives: np.ndarray


def cid_path(folder: Path, cid: str) -> Path:
    """Return the path of the image ``cid`` below the folder ``ims``."""
    return folder / cid[-2:] / cid[-4:-2] / cid[-6:-4] / cid


def read_training_set(images: Path, database: Path, part: str) -> TrainingSet:
    """Read one part of retrieval-SfM-120k.pkl.

    Args:
        images: the folder ``ims``
        database: the pickle
        part: ``train`` or ``val``

    Raises:
        DataError: a file that is missing, damaged or of another form
    """
    content = load_pickle(database)
    if not isinstance(content, dict) or part not in content:
        raise DataError(f"{database}: expected a dict with the key '{part}'")
    entry = content[part]
    if not isinstance(entry, Mapping):
        raise DataError(f"{database}: ['{part}'] is a {type(entry).__name__}, expected a dict; download it again")
    cids = content_hashes(entry, database)
    arrays = {}
    for key, count in (("cluster", 2**31), ("qidxs", len(cids)), ("pidxs", len(cids))):
        if key not in entry:
            raise DataError(f"{database}: ['{part}'] has no key '{key}'")
        arrays[key] = check_indices(entry[key], count, f"{database}: ['{part}']['{key}']")
    if len(arrays["cluster"]) != len(cids) or len(arrays["qidxs"]) != len(arrays["pidxs"]):
        raise DataError(f"{database}: ['{part}'] has lists of different lengths; download it again")
    return TrainingSet(image_list(images, cids), arrays["cluster"], arrays["qidxs"], arrays["pidxs"])


def content_hashes(entry: Mapping, database: Path) -> list[str]:
    """Return the list ``cids`` of an entry after checking it.

    Args:
        entry: a part of the pickle
        database: the pickle, for messages

    Raises:
        DataError: no such list, or a content hash of another form
    """
    given = entry.get("cids")
    if not isinstance(given, list | tuple | np.ndarray) or not len(given):
        raise DataError(f"{database}: 'cids' has to be a list of content hashes")
    cids = [cid.decode("latin-1") if isinstance(cid, bytes) else cid for cid in given]
    # A cid becomes a path, so it must not be able to leave the folder.
    for row, cid in enumerate(cids):
        if not isinstance(cid, str) or len(cid) < 6 or not (cid.isascii() and cid.isalnum()):
            raise DataError(f"{database}: 'cids'[{row}] {quoted(cid)} is no content hash (six or more letters, digits)")
    return list(map(str, cids))


def image_list(images: Path, cids: list[str]) -> ImageList:
    """List the images of content hashes below the folder ``images``."""
    return ImageList(cids, [cid_path(images, cid) for cid in cids])
