"""What the entries of all trainings in the configuration have in common.

A training is a package of this one, or any module by its whole name, with a class ``Entry``; its name is what
``trainings.<name>.type`` says. The class adds to the settings that the training itself takes what they refer to, by
names of other entries.

The systems of this project have rules of their own. A module of somebody else's also has a function

    train(description, files, *, identity, workers)

``description`` holds the settings of the entry but ``threads``, with which the process computes, and files in place of
names (see :meth:`reprise.pipeline.trainings.Trainings.described`), ``files`` is a
:class:`reprise.training.loop.TrainingFiles` without ``last``, ``identity`` says which training a state belongs to, and
``workers`` is a number of threads that decode.
"""

from collections.abc import Mapping
from types import ModuleType
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field

from reprise.storage.errors import DataError
from reprise.storage.modules import NamedModules
from reprise.storage.references import Refers
from reprise.storage.settings import Count, Settings

TRAININGS = NamedModules("reprise.training", "Entry")

Dataset = Annotated[str, Refers("datasets")]
Extractor = Annotated[str, Refers("extractors")]
Neighbors = Annotated[str, Refers("neighbors")]
Checkpoint = Annotated[str, Refers("checkpoints", files=True)]
# Programs may give a tuple for a list.
as_list = BeforeValidator(lambda value: list(value) if isinstance(value, tuple) else value)


class TrainingEntry(Settings):
    """The entry of a training.

    Attributes:
        learns_from: what its dataset has to teach, see :class:`reprise.datasets.layout.DatasetLayout`; None for nothing
        networks: keys that name checkpoints, and the type of training that each of them has to come from
        reads: the key that says how many features of an image it needs; None where it takes what there is
        parts: the networks that it makes
    """

    learns_from: ClassVar[str | None] = None
    networks: ClassVar[Mapping[str, str]] = {}
    reads: ClassVar[str | None] = None
    parts: ClassVar[tuple[str, ...]] = ("best",)

    type: str = Field(description="what is trained: a module of reprise.training, or the whole name of another one")
    dataset: Dataset = Field(description="what it learns from")
    threads: Count = Field(
        8,
        description="of the processor; the last bits of sums depend on their number, and so does, in the end, the "
        "network. Fewer --cores share them, and give the same network",
    )

    def descriptor_dim(self, extractor_dim: int | None) -> int | None:
        """The dimension of the descriptors that the network takes or gives.

        Args:
            extractor_dim: that of the extractor whose features it learns from; None where that is not known, or where
                it learns from images

        Returns:
            None where the settings do not tell.
        """
        return None


def training_entry(name: str, where: str) -> type[TrainingEntry]:
    """The model of the entries of a type of training.

    Args:
        name: a package of this one, such as ``how``, or the whole name of another module
        where: what an error begins with, such as ``config.trainings.mine.type``

    Raises:
        DataError: there is no such module, with the nearest name that exists, or it lacks what a training needs
    """
    return training_module(name, where).Entry


def training_module(name: str, where: str = "training") -> ModuleType:
    """The module of a type of training; arguments and errors as for :func:`training_entry`."""
    module = TRAININGS.load(name, where)
    for needed in ("Entry", "train") if "." in name else ():
        if not hasattr(module, needed):
            raise DataError(f"{where}: {name} ({module.__file__}) has no '{needed}'; a training needs Entry and train")
    return module
