"""Names that load classes which take their settings from the configuration: detectors, descriptors and extractors."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from reprise.storage.modules import NamedModules
from reprise.storage.settings import Settings

Made = TypeVar("Made")
Model = TypeVar("Model", bound=Settings)


@dataclass(frozen=True)
class NamedClasses(NamedModules, Generic[Made, Model]):
    """Modules with a class each, constructed as ``Class(settings, device)``; ``Class.Settings`` is their model.

    Its parameters are the base classes of what is constructed and of the settings.
    """

    def class_of(self, name: str, where: str | None = None) -> type[Made]:
        """Return the class of a name, which says what it needs and gives before one is constructed.

        Args:
            name: a module of the package, or ``package.module:Class`` of a plug-in
            where: what errors begin with; None: the kind and the name

        Raises:
            DataError: an unknown name
        """
        found: type[Made] = self.load_class(name, where or self._where(name))
        return found

    def settings_of(self, name: str, where: str | None = None) -> type[Model]:
        """Return the model of the settings of a name; arguments and errors as for :meth:`class_of`."""
        found: Any = self.class_of(name, where)
        model: type[Model] = found.Settings
        return model

    def construct(self, settings: Model, device: str = "cpu") -> Made:
        """Construct what settings that were read already describe.

        Args:
            settings: with the name as ``type``
            device: where its network runs, if it has one, such as ``cpu`` or ``cuda``
        """
        described: Any = settings
        constructor: Callable[..., Made] = self.class_of(described.type)
        return constructor(settings, device)

    def construct_from(self, name: str, values: Mapping[str, Any], device: str = "cpu") -> Made:
        """Construct what values describe that were not read yet.

        Args:
            name: as for :meth:`class_of`
            values: of the keys of its settings; those that are left out have their defaults
            device: where its network runs, if it has one

        Raises:
            DataError: an unknown name or setting, or an unfit value, or what the class refuses
        """
        where = self._where(name)
        constructor: Callable[..., Made] = self.class_of(name, where)
        return constructor(self.settings_of(name, where).read({"type": name, **values}, where), device)

    def _where(self, name: str) -> str:
        return f"{self.attribute.lower()} {name}"
