"""Settings of experiments: of each kind of search, and of steps after another one."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from reprise.asmk.settings import Kernel
from reprise.bow.settings import BowSettings
from reprise.hamming.settings import HammingSettings
from reprise.localization.settings import LocalizationSettings
from reprise.pipeline.spec.entry_names import Dataset, Experiment, Extractor
from reprise.storage.references import Refers
from reprise.storage.settings import Count, Settings


class AsmkSettings(Kernel):
    """A search with the kernel."""

    topk: Count | None = Field(None, description="length of the rankings; null keeps all images")


class AnyExperiment(Settings):
    """What all experiments have in common."""

    method: str = Field(description="the name in tables")
    column: str | None = Field(
        None, description="the column in tables, in which experiments of one method are then one row"
    )
    steps: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9_+-]+$")], Any] = Field(
        {}, description="name -> step, one after the other; each takes a ranking and gives a ranking"
    )


class AsmkExperiment(AnyExperiment):
    """A search with ASMK, and the steps after it."""

    search: Literal["asmk"] = Field(description="what ranks the images")
    extractor: Extractor = Field(description="whose local features are searched")
    num_features: Count = Field(1000, description="the strongest features of each image that are used")
    codebook: Annotated[str, Refers("codebooks")] = Field(description="the visual words")
    asmk: AsmkSettings = Field(default_factory=AsmkSettings, description="settings of the kernel")


class BowExperiment(AnyExperiment):
    """A search of bags of visual words, and the steps after it."""

    search: Literal["bow"] = Field(description="what ranks the images")
    extractor: Extractor = Field(description="whose local features are searched")
    num_features: Count | None = Field(None, description="the strongest features of each image; null takes all")
    codebook: Annotated[str, Refers("codebooks")] = Field(description="the visual words")
    bow: BowSettings = Field(default_factory=BowSettings, description="settings of the search")


class HammingExperiment(AnyExperiment):
    """A search with Hamming embedding, and the steps after it."""

    search: Literal["hamming"] = Field(description="what ranks the images")
    extractor: Extractor = Field(description="whose local features are searched")
    num_features: Count | None = Field(None, description="the strongest features of each image; null takes all")
    codebook: Annotated[str, Refers("codebooks")] = Field(
        description="the visual words; the embedding is trained on its descriptors"
    )
    hamming: HammingSettings = Field(default_factory=HammingSettings, description="settings of the search")


class GlobalExperiment(AnyExperiment):
    """The ranking by neighbours of a global descriptor, and the steps after it."""

    search: Literal["global"] = Field(description="what ranks the images")
    neighbors: Annotated[str, Refers("neighbors")] = Field(description="whose order it is")


class PatchExperiment(AnyExperiment):
    """A comparison of patches by their descriptors; no image is searched, and there are no steps."""

    search: Literal["patches"] = Field(description="patches are compared")
    descriptor: Annotated[str, Refers("descriptors")] = Field(description="what describes them")
    trained_on: Dataset | None = Field(
        None, description="what a published network was trained on, on which tables leave it out; null for none of them"
    )
    normalisation: Literal["none", "python", "matlab"] = Field(
        "none",
        description="of HPatches descriptors, learned from the training sequences of the split: that of the published "
        "Python evaluation, or of the MATLAB one",
    )
    clipped_energy: float = Field(0.0, ge=0, lt=1, description="of matlab: share of the energy in raised eigenvalues")

    @model_validator(mode="after")
    def _has_no_steps(self) -> Self:
        if self.steps:
            raise ValueError("steps: patches are not ranked; leave them out")
        return self


class LocalizationExperiment(AnyExperiment):
    """A model triangulated from matches of references, and the poses of queries in it; there are no steps."""

    search: Literal["localization"] = Field(description="queries are located")
    matching: Annotated[str, Refers("matchings")] = Field(description="the matches")
    localization: LocalizationSettings = Field(
        default_factory=LocalizationSettings, description="settings of the model and of the poses"
    )

    @model_validator(mode="after")
    def _has_no_steps(self) -> Self:
        if self.steps:
            raise ValueError("steps: poses are not ranked; leave them out")
        return self


class MatchingExperiment(AnyExperiment):
    """Keypoints of pairs of images are matched whose homography is known; no image is searched, there are no steps."""

    search: Literal["matching"] = Field(description="images are matched")
    extractor: Extractor = Field(description="whose features are matched, of images in their own size")
    framed: Extractor | None = Field(
        None,
        description="the same features of images that are stretched to 640 x 480 pixels, for the published evaluation "
        "in these frames; null leaves it out",
    )
    max_distance: float | None = Field(
        None, ge=0, le=2, description="largest distance of matched descriptors of unit norm; null takes all"
    )

    @model_validator(mode="after")
    def _has_no_steps(self) -> Self:
        if self.steps:
            raise ValueError("steps: pairs of images are not ranked; leave them out")
        return self


class ContinuedExperiment(AnyExperiment):
    """Steps after the last one of another experiment, with which all before is shared."""

    ranking: Experiment = Field(description="the experiment that they start from")

    @model_validator(mode="after")
    def _has_steps(self) -> Self:
        if not self.steps:
            raise ValueError("steps: give one or more; without any, it is the experiment that it starts from")
        return self
