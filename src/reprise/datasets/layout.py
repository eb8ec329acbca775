"""Base class of all dataset layouts: their settings, and how they are read.

A layout is a module of this package with a class ``Layout``; its name is the value of ``datasets.<name>.layout``. The
class is the model of the entry in the configuration, and declares the lists and the ground truth that it has.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from reprise.datasets.images import Dataset
from reprise.storage.references import Refers
from reprise.storage.settings import OwnPath, Settings, without_braces

Images = Annotated[str, Refers("images")]
Listed = Annotated[str, Refers("sources")]
Folders = Path | dict[str, Path]


class DatasetLayout(Settings):
    """The entry of a dataset: where its images are, how many jobs it is split into, and the settings of its layout.

    Attributes:
        lists: keys that name files which list images or describe them
        needs: those of them that the user's own data has to name; the others have a default
        truth: the kind of ground truth, None without any
        teaches: what networks are trained on: ``pairs``, ``landmarks``, ``patches`` or ``keypoints``; None for nothing
        whole: every image is in a ranking, as in the published neighbours of the benchmarks
        within: without queries, its images are compared with each other, none of them with itself
        asking: settings that only say which images are queries; not in recipes of the database
        judging: settings by which rankings are judged, and which change no image; in recipes of evaluations alone
    """

    lists: ClassVar[tuple[str, ...]] = ("index",)
    needs: ClassVar[tuple[str, ...]] = ("index",)
    truth: ClassVar[str | None] = None
    teaches: ClassVar[str | None] = None
    whole: ClassVar[bool] = False
    within: ClassVar[bool] = False
    asking: ClassVar[tuple[str, ...]] = ()
    judging: ClassVar[tuple[str, ...]] = ()

    layout: str = Field(description="the module of reprise.datasets that reads it, or package.module:Class")
    images: Images | dict[str, Images] | None = Field(
        None, description="a downloaded set, a name of `images`; or one for each first component of the listed paths"
    )
    folder: OwnPath | None = Field(None, description="the folder of data of your own, in place of `images`")
    index: Listed | None = Field(
        None, description="the file that lists the images: a key of sources.yaml or, with `folder`, a path"
    )
    chunks: int = Field(ge=1, description="jobs that extraction and aggregation are split into")
    undecodable: Literal["error", "skip"] = Field(
        "error", description="what an image does that cannot be decoded; skip keeps its place, without features"
    )
    truncated: Literal["error", "grey"] | None = Field(
        None,
        description="what an image does whose end is missing: it is undecodable, or its missing part is grey, as in "
        "published results; null stands for grey in downloaded sets and for error in data of your own",
    )
    keep_features: bool = Field(True, description="false: features are deleted as soon as they are aggregated")

    @model_validator(mode="after")
    def _has_images(self) -> Self:
        if (self.images is None) == (self.folder is None):
            raise ValueError("give either 'images' (a downloaded set) or 'folder' (data of your own)")
        for key in self.needs if self.folder is not None else self.lists:
            if getattr(self, key) is None:
                raise ValueError(self.missing(key))
        if self.folder is not None:
            for key in dict.fromkeys((*self.lists, *self.needs)):
                if getattr(self, key) is not None:
                    try:
                        without_braces(getattr(self, key))
                    except ValueError as error:
                        raise ValueError(f"{key}: {error}") from error
        return self

    @classmethod
    def missing(cls, key: str) -> str:
        """Return the error message for a missing key that names a list."""
        return f"key '{key}' is missing; name the file that lists the images"

    def own_files(self, dataset: str) -> dict[str, str]:
        """Return the files of the user's own data, by the keys of :meth:`load`; ``dataset`` names the entry."""
        lists = {key: getattr(self, key) for key in self.lists if getattr(self, key) is not None}
        return {"images": self._own_images(), **lists}

    def _own_images(self) -> str:
        return str(self.folder)

    @property
    def has_queries(self) -> bool:
        """Whether something is searched for: rankings can be made, and evaluated where there is truth."""
        return self.truth is not None

    @property
    def among_themselves(self) -> bool:
        """Whether the images of the database are the queries, too, and their features are extracted once."""
        return False

    @property
    def on_truncated(self) -> str:
        """What an image does whose end is missing: error or grey."""
        return self.truncated or ("error" if self.images is None else "grey")

    def described(self) -> dict[str, Any]:
        """Return the settings that decide which images and which truth are read, beside the files: part of recipes."""
        apart = {*DatasetLayout.model_fields, *self.lists, *self.judging} - {"layout"}
        settings = self.model_dump(exclude=apart)
        return {key: value for key, value in settings.items() if value is not None}

    def judged(self) -> dict[str, Any]:
        """Return the settings of ``judging``, which an evaluation adds to what :meth:`described` gives."""
        return {key: getattr(self, key) for key in self.judging if getattr(self, key) is not None}

    def referred(self) -> Iterator[tuple[str, str, Refers]]:
        """Iterate over the names in these settings that have to exist; lists of the user's own data are files."""
        for path, name, mark in super().referred():
            if self.folder is None or path not in self.lists:
                yield path, name, mark

    @classmethod
    def load(cls, description: Mapping[str, Any]) -> Dataset:
        """Read the dataset.

        Args:
            description: what :meth:`described` gives, ``images`` (a folder, or a mapping from the first component of
                the listed paths to a folder) and the files of ``lists``

        Raises:
            DataError: a file that is missing, damaged or of another form
        """
        raise TypeError(f"{cls.__name__} says nothing of how it is read")

    @classmethod
    def training_files(cls, description: Mapping[str, Any]) -> list[Path]:
        """List the files that a training reads, beside its lists; arguments and errors as of :meth:`load`."""
        return cls.load(description).paths


def folders(description: Mapping[str, Any]) -> Folders:
    """Return the folder of the images of a description, or one folder for each first component of the listed paths."""
    images = description["images"]
    return {key: Path(folder) for key, folder in images.items()} if isinstance(images, Mapping) else Path(images)


def below(folder: str | None, name: str) -> str:
    """Return a path below the folder of the user's own data, as text."""
    return str(PurePath(str(folder)) / name)
