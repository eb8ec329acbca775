"""What the settings of all re-rankings have in common: the entry of a reranker, and the steps of an experiment."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from reprise.storage.references import Refers
from reprise.storage.settings import Settings

Count = Annotated[int, Field(ge=1)]
Checkpoint = Annotated[str, Refers("checkpoints", files=True)]


class RerankerSettings(Settings):
    """The entry of a reranker: a scorer of pairs, with the local features that it compares.

    Attributes:
        checkpoints: keys that name the weights of networks
        codebooks: keys that name codebooks
    """

    checkpoints: ClassVar[tuple[str, ...]] = ()
    codebooks: ClassVar[tuple[str, ...]] = ()

    scorer: str = Field(description="the module that compares two images: of reprise.reranking, or by its whole name")
    extractor: Annotated[str, Refers("extractors")] = Field(description="whose local features are compared")
    chunks: Count = Field(8, description="jobs that the comparison of the queries with their images is split into")


class AnyStep(Settings):
    """A step takes a ranking, and gives a ranking.

    Attributes:
        key: the key that tells what kind of step it is; its value names the entry with the features that are used
        section: the section of that entry
    """

    key: ClassVar[str]
    section: ClassVar[str] = "rerankers"

    @property
    def named(self) -> str:
        """The name of the entry with the features that are used."""
        name: str = getattr(self, self.key)
        return name


class StepSettings(AnyStep):
    """A step that re-ranks: it gives a ranking with its first images in a new order."""

    key = "rerank"

    rerank: Annotated[str, Refers("rerankers")] = Field(description="the features and the scorer")
    shortlist: Count = Field(1600, description="first images of each ranking that are compared with the query")
    junk: Literal["last", "kept"] = Field(
        "last",
        description="images that a protocol ignores: `last` moves them to the end first, so that each protocol has a "
        "short list of images that count; `kept` leaves them in their places, so that all have one list",
    )


class ExpansionStep(AnyStep):
    """A step that searches again, with every query joined by the first images of its ranking."""

    key = "expand"
