"""Settings of trainings from plain JSON values: dataclasses whose fields check themselves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from reprise.storage.errors import DataError, unknown_name

Check = Callable[[Any], Any]


def setting(default: Any, check: Check) -> Any:
    """A field of a :class:`CheckedSettings`: its default, and what returns its value or raises DataError."""
    return field(default=default, metadata={"check": check})


def integer(least: int) -> Check:
    """An integer of at least ``least``."""

    def check(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise DataError(f"give an integer of at least {least}")
        return value

    return check


def number(least: float, *, above: bool = False) -> Check:
    """A finite number of at least, or above, ``least``."""

    def check(value: Any) -> float:
        valid = isinstance(value, int | float) and not isinstance(value, bool) and least <= value < float("inf")
        if not valid or (above and value == least):
            raise DataError(f"give a number {'above' if above else 'of at least'} {least}")
        return float(value)

    return check


def boolean(value: Any) -> bool:
    """True or False."""
    if not isinstance(value, bool):
        raise DataError("give true or false")
    return value


def one_of(*values: Any) -> Check:
    """One of ``values``; 1 is not True."""

    def check(value: Any) -> Any:
        if not any(value is known or (isinstance(known, str) and value == known) for known in values):
            raise DataError(f"give one of {', '.join(map(repr, values))}")
        return value

    return check


def list_of(check: Check) -> Check:
    """A list that is not empty -> a tuple of what ``check`` makes of its elements."""

    def check_all(value: Any) -> tuple:
        if not isinstance(value, list | tuple) or not value:
            raise DataError("give a list with one element or more")
        return tuple(map(check, value))

    return check_all


def anything(value: Any) -> Any:
    """Whatever it is."""
    return value


def group(kind: "type[CheckedSettings]", *, optional: bool = False) -> Check:
    """Settings of their own, or None where they are optional."""

    def check(value: Any) -> Any:
        absent = optional and value is None
        return value if absent or isinstance(value, kind) else kind.from_json(value)

    return check


@dataclass(frozen=True)
class CheckedSettings:
    """A frozen dataclass whose fields are made by :func:`setting`."""

    def __post_init__(self) -> None:
        for entry in fields(self):
            value = getattr(self, entry.name)
            try:
                object.__setattr__(self, entry.name, entry.metadata["check"](value))
            except DataError as error:
                nested = isinstance(value, Mapping)
                raise DataError(
                    f"{entry.name}.{error}" if nested else f"{entry.name}: is {value!r}; {error}"
                ) from error

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The settings of a mapping as JSON has it; what is missing keeps its default.

        DataError: an unknown name, or a value outside of its range.
        """
        if not isinstance(values, Mapping):
            raise DataError(f"give a mapping of settings or null, not {values!r}")
        known = [entry.name for entry in fields(cls)]
        for name in values:
            if name not in known:
                raise unknown_name("settings of the training", name, known)
        return cls(**values)
