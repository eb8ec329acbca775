"""The settings that all sections share."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from reprise.pipeline.spec.reports import Gallery, Report, Sweep
from reprise.storage.settings import OwnPath, Settings


class Miniature(Settings):
    """The built-in miniature of all data, which is drawn on this machine."""

    seed: int = Field(0, ge=0, description="of all that is drawn")


class Shared(Settings):
    """The settings that all sections share."""

    data: OwnPath = Field("data", min_length=1, description="folder of downloads and unpacked images")
    output: OwnPath = Field("results", min_length=1, description="folder of everything that is computed")
    mirror: str | None = Field(
        None, description="folder, file:// or http:// address that holds every file of sources.yaml by its name"
    )
    accept: list[str] = Field(
        [], description="names of the licences that you accept, for files of sources.yaml that ask for consent"
    )
    exif: Literal["apply", "ignore"] | None = Field(
        None,
        description="what extractors and detectors with `exif: null` do with files that EXIF says are to be rotated: "
        "'apply' rotates them, 'ignore' reads them as they are stored; null is as published, each in its way. "
        "Trainings read images as published",
    )
    miniature: Miniature | None = Field(None, description="in place of downloads: settings of the built-in miniature")
    index_mib: int = Field(2048, ge=16, description="MiB of memory that building an index may use; changes no number")
    pairs_mib: int = Field(1024, ge=64, description="MiB that the comparison of images may use; changes no number")
    measure_enlarged: bool = Field(
        False, description="tables measure their columns with a million distractors, too (450 GB of images)"
    )
    seed_study: list[Annotated[int, Field(ge=0)]] = Field(
        [1234, 1, 2, 3, 4], min_length=2, description="codebook seeds of <table>.seeds.csv"
    )
    training_seed_study: list[Annotated[int, Field(ge=0)]] = Field(
        [], description="seeds of trainings in <table>.seeds.csv, each of which trains networks anew; empty for none"
    )
    sweep: Sweep = Field(default_factory=Sweep, description="combinations of the parameters of re-ranking")

    report: Report = Field(default_factory=Report, description="what the report shows")
    gallery: Gallery = Field(default_factory=Gallery, description="what galleries show")

    @model_validator(mode="before")
    @classmethod
    def _seeds_differ(cls, content: Any) -> Any:
        for key in ("seed_study", "training_seed_study"):
            seeds = content.get(key, [])
            if isinstance(seeds, list) and len(set(map(str, seeds))) < len(seeds):
                raise ValueError(f"{key}: a seed is listed twice; remove the repetition")
        return content
