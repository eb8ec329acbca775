"""Published numbers of papers and their authors, which measured numbers are compared with."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from reprise.storage.settings import Settings
from reprise.storage.yaml_files import load_yaml

Percent = Annotated[float, Field(ge=0, le=100)]
Group = Literal["easy", "medium", "hard", "classic", "public", "private", "combined"]
# Of any metric but mAP: group -> number, in its unit. None: published, and not known here.
Numbers = dict[str, float | None]
# The parts of an experiment: see reprise.pipeline.comparability.
Part = Literal[
    "experiment", "extractor", "descriptor", "checkpoint", "training", "neighbors", "extractor checkpoint", "detector",
    "codebook", "codebook extractor", "codebook checkpoint", "codebook dataset", "framed extractor",
    "detector checkpoint",
]  # fmt: skip


Points = Annotated[float, Field(gt=0)]


class Tolerance(Settings):
    """The largest difference that still counts as reproduced."""

    map: Points | dict[Group, Points] | None = Field(
        None, description="points of mAP: of all groups, or of each; null in a table without mAP"
    )
    metrics: dict[str, Points | dict[str, Points]] = Field({}, description="of other metrics, in their units")
    source: str = Field(description="where it is from")


class Published(Settings):
    """The published numbers of one table, ``config/published/<name>.yaml``."""

    citation: str = Field(description="where the numbers stand")
    tolerance: Tolerance = Field(description="the largest difference that still counts as reproduced")
    datasets: dict[str, dict[str, Any]] = Field(description="what the datasets have to be for a comparison")
    settings: dict[str, dict[Part, dict[str, Any]]] = Field(
        description="what an experiment has to be run with for a comparison to mean something"
    )
    values: dict[str, dict[str, str | dict[Group, Percent | None] | dict[str, Numbers]]] = Field(
        description="experiment -> dataset -> group -> mAP in percent, or metric -> group -> number; null for a number "
        "that is published and not known here; and the source of the numbers"
    )


def read_published(folder: Path) -> dict[str, Any]:
    """Read the published numbers of all tables, by the names of their files, as plain values.

    Raises:
        DataError: a file that is not valid, with the key
    """
    return {
        file.stem: Published.read(load_yaml(file), f"{file.parent.name}/{file.name}").model_dump(mode="json")
        for file in sorted(folder.glob("*.yaml"))
    }
