"""Settings of what is shown of experiments: tables, figures, sweeps, galleries and the report."""

from typing import Annotated

from pydantic import Field

from reprise.pipeline.spec.entry_names import Dataset, Experiment, Searched
from reprise.storage.references import Refers
from reprise.storage.settings import Count, Settings


class Table(Settings):
    """``<output>/<name>.csv``: experiments by datasets, beside the published numbers."""

    title: str = Field(description="what stands above it")
    published: Annotated[str, Refers("published")] | None = Field(None, description="the published numbers")
    experiments: list[Experiment] = Field(min_length=1, description="its rows")
    datasets: list[Searched] = Field(min_length=1, description="its columns")
    protocols: list[str] = Field(["easy", "medium", "hard"], description="groups of mAP that are columns")
    metrics: dict[str, list[str]] = Field({}, description="other columns: the groups of each metric, such as mP@10")
    notes: list[str] = Field([], description="sentences below it")


class Figure(Settings):
    """``<output>/figures/<name>.pdf``: the matching accuracy over the distance, a line for each row of a table."""

    table: Annotated[str, Refers("tables")] = Field(description="whose experiments are drawn")
    dataset: Dataset = Field(description="on which they are drawn: one of the table")


class Sweep(Settings):
    """``<output>/sweeps/<experiment>/<dataset>.csv``: all combinations, from one comparison of the images."""

    shortlist: list[Count] = Field([100, 400, 1600], min_length=1, description="not more than the step's")
    similarity_weights: list[Annotated[float, Field(ge=0, le=1)]] = Field(
        [step / 20 for step in range(21)], min_length=1, description="values of lambda"
    )
    temperatures: list[Annotated[float, Field(gt=0)]] = Field(
        [0.05, *(step / 10 for step in range(1, 11))], min_length=1, description="values of gamma"
    )


class Gallery(Settings):
    """What galleries show, ``<output>/galleries/<experiment>/<dataset>.html``."""

    topk: Count = Field(20, description="images of each query")
    pixels: int = Field(384, ge=64, le=2048, description="longer side of the previews")
    matches: int = Field(
        10,
        ge=0,
        description="first images of each query on which matches are drawn: inliers of a verification, or what visual "
        "words give of the score; 0 for none",
    )


class Report(Settings):
    """What ``<output>/report.html`` shows."""

    title: str = Field("Results", description="what stands above it")
    tables: list[Annotated[str, Refers("tables")]] | None = Field(
        None, description="the tables that are made for it, and shown; null for all"
    )
    galleries: list[Experiment] | None = Field(
        None, description="the experiments whose results are shown, too, and linked from their rows; null for all"
    )
