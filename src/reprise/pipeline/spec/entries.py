"""Settings of the sections of the configuration that have one form each.

Extractors, layouts of datasets and trainings declare theirs next to the code that uses them.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from reprise.asmk.settings import Kernel
from reprise.bow.settings import BowSettings
from reprise.codebooks.sizes import Size
from reprise.hamming.settings import HammingSettings
from reprise.localization.settings import LocalizationSettings
from reprise.storage.references import Refers
from reprise.storage.settings import Count, OwnPath, Settings

Extractor = Annotated[str, Refers("extractors")]
Dataset = Annotated[str, Refers("datasets")]
Searched = Annotated[str, Refers("datasets", "enlarged")]
Checkpoint = Annotated[str, Refers("checkpoints")]
Source = Annotated[str, Refers("sources")]
Experiment = Annotated[str, Refers("experiments")]


class Images(Settings):
    """Archives that are unpacked to ``<data>/<name>/``."""

    archives: list[Annotated[str, Refers("sources", pattern=True)]] = Field(
        min_length=1, description="keys of sources.yaml, or patterns of them such as revisitop1m_[0-9]*"
    )
    flatten: bool = Field(False, description="all files into one folder, whatever folders the archives have")
    separate: bool = Field(
        False, description="each archive in a job of its own: one that fails does not have all unpacked again"
    )
    list: Source | None = Field(
        None, description="a text file with one of the images per line, which is fetched and checked before any archive"
    )


class Enlarged(Settings):
    """A dataset searched together with distractors, whose index is shared.

    Of the rankings, the ``topk`` best are kept, and the places of all images of the dataset.
    """

    dataset: Dataset = Field(description="the dataset with the queries")
    distractors: Dataset = Field(description="the dataset with the distractors")
    topk: Count = Field(1000, description="length of the rankings that are kept")


class Weights(Settings):
    """The weights of a network."""

    origin: Literal["published", "trained"] = Field("published", description="downloaded, or made here")
    source: Source | None = Field(None, description="published: the file")
    archive: Annotated[str, Refers("images")] | None = Field(
        None, description="published in an archive, in place of source: the entry of images that unpacks it"
    )
    member: str | None = Field(None, description="published in an archive: the file in the folder that is unpacked")
    training: Annotated[str, Refers("trainings")] | None = Field(None, description="trained: what makes it")
    part: Literal["best", "detector"] = Field("best", description="trained: which of the networks that it makes")
    dim: Count | None = Field(
        None, description="published: dimension of the descriptors that the network gives or takes, where it is known"
    )

    @model_validator(mode="after")
    def _has_what_its_origin_needs(self) -> Self:
        if self.origin == "published" and self.source is None and self.archive is None:
            raise ValueError("key 'source' is missing; name a file of sources.yaml, or an 'archive' and its 'member'")
        if self.source is not None and self.archive is not None:
            raise ValueError("give either 'source', a file of sources.yaml, or 'archive', an entry of images")
        if (self.archive is None) != (self.member is None):
            raise ValueError("'archive' and 'member' belong together: a folder that is unpacked, and a file in it")
        if self.origin == "trained" and self.training is None:
            raise ValueError("key 'training' is missing; name an entry of trainings")
        return self


class Codebook(Settings):
    """k-means of the strongest descriptors of each image of a dataset."""

    extractor: Extractor = Field(description="whose descriptors are clustered")
    dataset: Dataset = Field(description="on whose images it is trained")
    num_features: Count | None = Field(
        1000, description="the strongest features of each image that are used; null takes all"
    )
    size: Size = Field("64k", description="visual words; k is 1024, M is 1024 * 1024")
    iterations: Count = Field(10, description="of k-means")
    seed: int = Field(1234, ge=0, description="of k-means")
    index: Literal["exact", "approximate"] = Field(
        "exact", description="how words are found; approximate is for codebooks of hundreds of thousands of words"
    )
    centre: bool = Field(
        False,
        description="descriptors have the mean of the training set subtracted and are normalised again, before words "
        "and signatures are found; not for asmk",
    )


class Neighbors(Settings):
    """Most similar images by a global descriptor: those of an extractor, or downloaded ones."""

    extractor: Extractor | None = Field(None, description="whose global descriptor is compared")
    descriptor: str | None = Field(None, description="the kind of global descriptor, such as cls or global")
    count: Count | None = Field(
        1600, description="per query; null keeps all, as is done for the revisited and classic benchmarks in any case"
    )
    files: dict[Searched, Source] | None = Field(None, description="downloaded neighbours of each dataset")
    archive: Annotated[str, Refers("images")] | None = Field(
        None, description="downloaded neighbours in an archive: the entry of images that unpacks it"
    )
    members: dict[Searched, str] | None = Field(
        None, description="downloaded neighbours in an archive: the file of each dataset in the folder that is unpacked"
    )

    @property
    def downloaded(self) -> dict[str, str] | None:
        """The file of each dataset: a key of sources.yaml, or one of the archive; None where they are computed."""
        return self.members if self.files is None else self.files

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> Self:
        if (self.archive is None) != (self.members is None):
            raise ValueError("'archive' and 'members' belong together: a folder that is unpacked, and files in it")
        if [self.extractor, self.files, self.members].count(None) != 2:
            raise ValueError(
                "give either 'extractor' (neighbours are computed) or 'files' (they are downloaded), or the 'members' "
                "of an 'archive'"
            )
        if self.extractor is not None and self.descriptor is None:
            raise ValueError("key 'descriptor' is missing; name the kind of global descriptor")
        return self


class Matching(Settings):
    """Matches of pairs of images: of references with each other, and of queries with references like them."""

    extractor: Extractor = Field(description="whose local features are matched, mutual nearest neighbours")
    max_distance: Annotated[float, Field(gt=0, le=2)] | None = Field(
        None, description="largest distance of normalised descriptors of a match; null takes all"
    )
    reference_pairs: dict[Dataset, Source] = Field(
        {}, description="dataset -> a list of pairs of references; others pair those that share points of the model"
    )
    covisible: Count = Field(20, description="without `reference_pairs`: so many for each reference")
    query_pairs: dict[Dataset, Source] = Field(
        {}, description="dataset -> a list of pairs of queries and references, the most similar ones first"
    )
    retrieval: Experiment | None = Field(
        None, description="for datasets without `query_pairs`: the experiment whose rankings say which references"
    )
    shortlist: Count = Field(20, description="so many references for each query, the first ones")
    unknown_names: Literal["error", "skip"] = Field(
        "error", description="what names in lists do that are no images of the dataset; skip counts and leaves them out"
    )
    chunks: Count = Field(1, description="jobs that the pairs are split into")

    @model_validator(mode="after")
    def _pairs_queries(self) -> Self:
        if not self.query_pairs and self.retrieval is None:
            raise ValueError("give 'retrieval' (an experiment that ranks) or 'query_pairs' (lists), or both")
        return self


class Calibration(Settings):
    """The search for the local_space and image size of published features, with the first queries of a dataset."""

    extractor: Extractor = Field(description="whose features are compared with the published ones")
    published: Extractor = Field(description="an extractor of type downloaded")
    dataset: Dataset = Field(description="the queries of which are tried")
    queries: Count = Field(5, description="so many of them")
    image_sizes: list[Annotated[int, Field(ge=32)] | None] = Field(
        [None, 768, 770], min_length=1, description="pixels of the longer side; null keeps images as they are"
    )


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


class Miniature(Settings):
    """The built-in miniature of all data, which is drawn on this machine."""

    seed: int = Field(0, ge=0, description="of all that is drawn")


class Gallery(Settings):
    """What galleries show, ``<output>/galleries/<experiment>/<dataset>.html``."""

    topk: Count = Field(20, description="images of each query")
    pixels: int = Field(384, ge=64, le=2048, description="longer side of the previews")


class Report(Settings):
    """What ``<output>/report.html`` shows."""

    title: str = Field("Results", description="what stands above it")
    tables: list[Annotated[str, Refers("tables")]] | None = Field(
        None, description="the tables that are made for it, and shown; null for all"
    )
    galleries: list[Experiment] | None = Field(
        None, description="the experiments whose results are shown, too, and linked from their rows; null for all"
    )


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
