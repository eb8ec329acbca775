"""Features that were computed elsewhere: a folder of NumPy files, or an HDF5 file in the layout of hloc.

Nothing is extracted; the files are checked, and written in the layout of this project.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from reprise.extractors.settings import ExtractorSettings
from reprise.storage.references import Refers
from reprise.storage.settings import OwnPath

Split = Literal["database", "queries"]
# A path for the database and the queries, or one for each.
Given = OwnPath | dict[Split, OwnPath]
GivenFiles = dict[Annotated[str, Refers("datasets")], Given]
#: The kind of the global descriptor, as searches by it name it.
GLOBAL = "global"
_HDF5 = (".h5", ".hdf5")


def is_hdf5(path: str) -> bool:
    """Tell by its name whether a path is that of an HDF5 file, and not of a folder of NumPy files."""
    return path.lower().endswith(_HDF5)


class Settings(ExtractorSettings):
    """Settings of features that were computed elsewhere."""

    local_files: GivenFiles | None = Field(
        None,
        description="dataset -> its local features: a folder with an array (n, D) for each image in <name>.npy, or an "
        "HDF5 file in the layout of hloc; or {database: ..., queries: ...}, where these are in different places",
    )
    global_files: GivenFiles | None = Field(
        None,
        description="dataset -> its global descriptors, in the same way: arrays (G,), or `global_descriptor` of HDF5",
    )
    keypoint_convention: Literal["opencv", "colmap"] = Field(
        "opencv",
        description="where keypoints of HDF5 files have the centre of the first pixel: 'opencv' at (0, 0), as hloc "
        "stores them, or 'colmap' at (0.5, 0.5)",
    )
    scores: Literal["stored", "order"] = Field(
        "stored",
        description="which features of HDF5 files are the strongest: those of the largest `scores`, or the first rows; "
        "of NumPy files, which have no scores, it is the first rows",
    )
    box: Literal["crop", "filter", "ignore"] | None = Field(
        None,
        description="which features those of queries with boxes are: 'crop', of the image that was cut to its box "
        "(rounded to whole pixels), from whose corner keypoints count; 'filter', of the whole image, and those whose "
        "keypoints lie in the box are taken; 'ignore', of the whole image, all of them. null refuses such queries",
    )
    num_features: int | None = Field(None, ge=1, description="the strongest features that are kept; null keeps all")
    normalised: bool = Field(
        True,
        description="global descriptors are divided by their L2 norm, as all others are; false compares them by their "
        "inner products as they are",
    )
    dim: int | None = Field(
        None, ge=1, description="dimension of the local descriptors, which other ones are checked against; null: any"
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not self.local_files and not self.global_files:
            raise ValueError("give 'local_files' or 'global_files', or both: where the features of each dataset are")
        kinds = {is_hdf5(path) for path in _paths(self.local_files)}
        if len(kinds) > 1:
            raise ValueError(
                "local_files: names folders of NumPy files and HDF5 files, which have other parts; make two entries"
            )
        if self.box == "filter" and (self.global_files or kinds != {True}):
            raise ValueError(
                "box: 'filter' needs keypoints, which only local features in HDF5 files have; name crop or ignore"
            )
        return self

    def descriptor_dim(self, checkpoint_dims: Mapping[str, int | None]) -> int | None:
        """Return the dimension of the descriptors where the settings say it."""
        return self.dim

    def described_by(self) -> tuple[str | None, ...]:
        """See :meth:`ExtractorSettings.described_by`: what made the files is not known, so each entry is its own."""
        return self.type, *_paths(self.local_files)

    def gives(self) -> frozenset[str]:
        """See :meth:`ExtractorSettings.gives`."""
        if not self.local_files:
            return frozenset()
        kept = {"keypoints"} if all(map(is_hdf5, _paths(self.local_files))) else set()
        return frozenset({"descriptors", "scores", *kept})

    def global_descriptors(self) -> tuple[str, ...]:
        """Return ``global`` where there are global descriptors."""
        return (GLOBAL,) if self.global_files else ()

    def provides(self, dataset: str, split: str) -> bool:
        """See :meth:`ExtractorSettings.provides`."""
        return all(
            files is None or split in _by_split(files.get(dataset, {}))
            for files in (self.local_files, self.global_files)
        )

    def of(self, dataset: str, split: Split) -> dict[str, Any]:
        """Return what decides about the features of one split, which is what its recipe holds.

        Args:
            dataset: the name of an entry
            split: database or queries, of which :meth:`provides` tells whether there are any
        """
        apart = {"local_files", "global_files", *(() if split == "queries" else ("box",))}
        both = {"local": self.local_files, "global": self.global_files}
        named = {kind: given[dataset] for kind, given in both.items() if given is not None}
        places = {kind: _by_split(given) for kind, given in named.items()}
        return {
            **self.model_dump(mode="json", exclude=apart),
            "files": {kind: files[split] for kind, files in places.items()},
            "shared": [kind for kind, files in places.items() if files.get("database") == files.get("queries")],
        }


def _by_split(given: Given) -> Mapping[Split, str]:
    return {"database": given, "queries": given} if isinstance(given, str) else given


def _paths(files: GivenFiles | None) -> list[str]:
    return [path for given in (files or {}).values() for path in dict.fromkeys(_by_split(given).values())]
