"""Local features that their authors offer for download: nothing is extracted, the files are read as they are."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from reprise.extractors.settings import ExtractorSettings
from reprise.storage.references import Refers

Files = Annotated[list[Annotated[str, Refers("sources")]], Field(min_length=1)]


class Settings(ExtractorSettings):
    """Settings of an extractor whose features are downloaded."""

    layout = "dense"
    checkpoints = ()

    num_features: int = Field(ge=1, description="the strongest features that are stored of an image")
    dim: int | None = Field(None, ge=1, description="dimension of the descriptors, where it is known")
    files: dict[Annotated[str, Refers("datasets")], dict[Literal["database", "queries"], Files]] = Field(
        description="keys of sources.yaml, in order, of each dataset and split"
    )

    def descriptor_dim(self, checkpoint_dims: Mapping[str, int | None]) -> int | None:
        """Return the dimension of the descriptors where the settings say it."""
        return self.dim

    def provides(self, dataset: str, split: str) -> bool:
        """See :meth:`ExtractorSettings.provides`."""
        return split in self.files.get(dataset, {})
