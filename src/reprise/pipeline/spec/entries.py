"""Settings of the sections of the configuration that have one form each.

Extractors, layouts of datasets and trainings declare theirs next to the code that uses them.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from reprise.codebooks.sizes import Size
from reprise.pipeline.spec.entry_names import Dataset, Experiment, Extractor, Searched, Source
from reprise.storage.references import Refers
from reprise.storage.settings import Count, OwnPath, Settings


class OwnSource(Settings):
    """A file that is downloaded, beside those of config/sources.yaml, whose header explains more."""

    file: str = Field(description="its name in <data>/downloads, and in a mirror")
    urls: list[str] = Field(min_length=1, description="where to fetch it (http, https, ftp), tried in this order")
    sha256: str | None = Field(
        None,
        description="its checksum; a file with another one is refused, and null records that of the first",
    )
    bytes: Count | None = Field(None, description="its size, where it is known; another one is refused")
    licence: str = Field(description="the terms under which it is published")
    citation: str = Field("of your own", description="what to cite when it is used")
    by_hand: str | None = Field(None, description="how to get it without this program, where no address does it")


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
    file: OwnPath | None = Field(
        None, description="the file of this codebook where it was made before; it is copied, and nothing is trained"
    )
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
