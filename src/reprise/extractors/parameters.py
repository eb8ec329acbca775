"""Parameters of extractors: defaults filled in, unknown names refused."""

from collections.abc import Mapping
from typing import Any

from reprise.storage.errors import DataError, unknown_name


def complete(extractor: str, parameters: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``parameters`` over ``defaults``; a default of ``...`` marks a parameter that must be given.

    DataError: a name that is not in ``defaults``, or a missing parameter.
    """
    for name in parameters:
        if name not in defaults:
            raise unknown_name(f"parameters of the extractor {extractor}", name, defaults)
    complete = {**defaults, **parameters}
    for name, value in complete.items():
        if value is ...:
            raise DataError(f"extractor {extractor}: the parameter {name} is missing; add it to the configuration")
    return complete


def count(extractor: str, name: str, value: Any) -> int | None:
    """Return ``value`` if it is a positive integer or None. DataError: anything else."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise DataError(f"extractor {extractor}: {name} is {value!r}; give a positive integer, or null for no limit")
    return value


def flag(extractor: str, name: str, value: Any) -> bool:
    """Return ``value`` if it is true or false. DataError: anything else."""
    if not isinstance(value, bool):
        raise DataError(f"extractor {extractor}: {name} is {value!r}; give true or false")
    return value


def scales(extractor: str, values: Any) -> tuple[float, ...]:
    """Return ``values`` as factors of an image pyramid. DataError: anything but a list of positive numbers."""
    numbers = isinstance(values, list | tuple) and all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in values
    )
    if not numbers or not values or not min(values) > 0:
        raise DataError(f"extractor {extractor}: scales is {values!r}; give a list of positive factors, such as [1.0]")
    return tuple(float(value) for value in values)
