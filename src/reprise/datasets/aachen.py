"""Aachen Day-Night v1.1: photographs of a city by day, a COLMAP model of them, and queries by day and night.

The archives of the publisher have ``images_upright/{db,query,sequences}`` and the model in ``3D-models/aachen_v_1_1``,
which other packages have in ``3D-models`` itself. The poses of the queries are not published; a server compares them.

Source: Zhang, Sattler, Scaramuzza, Reference Pose Generation for Long-term Visual Localization via Learned Features and
View Synthesis, IJCV 2021.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from reprise.datasets.layout import Listed
from reprise.datasets.posed import PosedLayout, Scene, every, read_model, read_query_cameras, with_queries, withheld
from reprise.formats.colmap_models import CAMERAS
from reprise.storage.errors import DataError
from reprise.storage.settings import Count

_MODELS = ("3D-models/aachen_v_1_1", "3D-models")


class Layout(PosedLayout):
    """The images, the model, and a list of queries with their cameras for each time of day."""

    lists = ("day", "night")
    needs = ("day", "night")

    day: Listed | None = Field(None, description="the list of the queries by day, with their cameras")
    night: Listed | None = Field(None, description="the list of the queries by night, with their cameras")
    held_out_every: Count | None = Field(
        None,
        description="every n-th image below db/ is left out of the model and located in it, in place of the queries, "
        "whose poses are not published; null locates the queries",
    )

    @classmethod
    def missing(cls, key: str) -> str:
        """Return the error message for a missing key that names a list."""
        return f"key '{key}' is missing; name the file {key}_time_queries_with_intrinsics.txt"

    @classmethod
    def image_folder(cls, description: Mapping[str, Any]) -> Path:
        """See :meth:`PosedLayout.image_folder`."""
        return Path(description["images"]) / "images_upright"

    @classmethod
    def load_scene(cls, description: Mapping[str, Any], *, observations: bool = False) -> Scene:
        """See :meth:`PosedLayout.load_scene`."""
        folder = _model_folder(Path(description["images"]))
        images, cameras = read_model(folder, observations=observations)
        step = description.get("held_out_every")
        if step is not None:
            names = every([name for name in images if name.startswith("db/")], step)
            return withheld(images, cameras, names, f"{folder}: held_out_every {step}")
        groups = {time: read_query_cameras(Path(description[time])) for time in cls.lists}
        return with_queries(images, cameras, groups, f"{folder}")


def _model_folder(images: Path) -> Path:
    for name in _MODELS:
        if (images / name / CAMERAS).is_file():
            return images / name
    raise DataError(
        f"{images}: there is no {CAMERAS} in {' or '.join(_MODELS)}; unpack the archive of the model there again"
    )
