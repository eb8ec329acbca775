"""A COLMAP model of one's own: a folder with images/ and the binary model in sparse/, and what is to be located in it.

Either images are withheld, whose poses are known, so that the accuracy of localization is measured; or queries are
listed with the intrinsics of their cameras, and a pose is found for each.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from reprise.datasets.layout import below
from reprise.datasets.posed import (
    PosedLayout,
    Scene,
    every,
    read_model,
    read_names,
    read_query_cameras,
    with_queries,
    withheld,
)
from reprise.formats.colmap_models import CAMERAS, IMAGES
from reprise.storage.settings import Count, OwnPath


class Layout(PosedLayout):
    """images/ and a binary model (cameras.bin, images.bin) in a folder of your own."""

    lists = ("index", "cameras", "held_out", "queries")
    needs = ()
    cameras: ClassVar[None] = None  # a file, but no key of the configuration: it is beside that of the images

    model: OwnPath = Field("sparse", description="the folder of the model, below `folder`, such as sparse/0")
    held_out: OwnPath | None = Field(
        None, description="a text file with the names of images that are left out of the model and located in it"
    )
    held_out_every: Count | None = Field(
        None, description="in place of `held_out`: every n-th image of the model, in the order of their names"
    )
    queries: OwnPath | None = Field(
        None,
        description="in place of `held_out`: a text file with a query per line: its name below images/, the camera "
        "model, width, height and parameters",
    )

    @model_validator(mode="after")
    def _has_one_kind_of_queries(self) -> Self:
        given = [key for key in ("held_out", "held_out_every", "queries") if getattr(self, key) is not None]
        if len(given) != 1:
            raise ValueError("give one of 'held_out', 'held_out_every' and 'queries', which say what is located")
        return self

    @classmethod
    def missing(cls, key: str) -> str:
        """Return the error message for a missing key that names a list: only folders of one's own have none."""
        return "key 'folder' is missing; name the folder that has images/ and the model"

    def own_files(self, dataset: str) -> dict[str, str]:
        """Return the files of the user's own data, by the keys of :meth:`load`; ``dataset`` names the entry."""
        lists = {key: getattr(self, key) for key in ("held_out", "queries") if getattr(self, key) is not None}
        model = {"index": f"{self.model}/{IMAGES}", "cameras": f"{self.model}/{CAMERAS}"}
        return {key: below(self.folder, name) for key, name in {"images": "images", **model}.items()} | lists

    def described(self) -> dict[str, Any]:
        """See :meth:`reprise.datasets.layout.DatasetLayout.described`; the folder of the model is in the paths."""
        return {key: value for key, value in super().described().items() if key != "model"}

    @classmethod
    def load_scene(cls, description: Mapping[str, Any], *, observations: bool = False) -> Scene:
        """See :meth:`PosedLayout.load_scene`."""
        folder = Path(description["index"]).parent
        images, cameras = read_model(folder, observations=observations)
        if "queries" in description:
            groups = {"queries": read_query_cameras(Path(description["queries"]))}
            return with_queries(images, cameras, groups, str(folder))
        if "held_out" in description:
            return withheld(images, cameras, read_names(Path(description["held_out"])), description["held_out"])
        step = description["held_out_every"]
        return withheld(images, cameras, every(list(images), step), f"{folder}: held_out_every {step}")
