"""Clean training images of Google Landmarks v2 (Weyand et al., CVPR 2020), as AMES is trained on them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from reprise.datasets.image_lists import LabelledList, read_image_list
from reprise.datasets.images import Dataset
from reprise.datasets.layout import DatasetLayout, folders
from reprise.storage.errors import DataError


class Layout(DatasetLayout):
    """A list of images with the landmark of each."""

    teaches = "landmarks"
    within = True

    first: int | None = Field(None, ge=1, description="only so many images, in the order of the file")

    @classmethod
    def load(cls, description: Mapping[str, Any]) -> Dataset:
        """Read the images; see :meth:`reprise.datasets.layout.DatasetLayout.load`."""
        listed = read_gldv2_train(folders(description), Path(description["index"]))
        return Dataset(listed.images.first(description.get("first")))

    @classmethod
    def load_labels(cls, description: Mapping[str, Any]) -> np.ndarray:
        """Read the label of each image, (N,) int64; ``description`` as for :meth:`load`."""
        labels = read_gldv2_train(folders(description), Path(description["index"])).labels
        assert labels is not None
        return labels[: description.get("first")]


def read_gldv2_train(folders: Path | Mapping[str, Path], images: Path) -> LabelledList:
    """Read ``train_750k.txt``; labels are landmark ids.

    Args:
        folders: the folders, as for :func:`reprise.datasets.image_lists.read_image_list`
        images: the list

    Raises:
        DataError: as :func:`reprise.datasets.image_lists.read_image_list`, and a list without labels
    """
    listed = read_image_list(images, folders)
    if listed.labels is None:
        raise DataError(f"{images}: has no labels; expected path,label,width,height in each line")
    return listed
