"""Settings that are given by keywords, and read from plain values."""

import pytest
from pydantic import Field

from reprise.storage.errors import DataError
from reprise.storage.settings import Settings


class Inner(Settings):
    """Settings in settings."""

    size: int = Field(3, ge=1)


class Outer(Settings):
    """Settings with others inside."""

    inner: Inner = Inner()
    name: str


def test_what_is_wrong_is_told_alike():
    values = {"inner": {"size": 0}, "nam": "x"}
    for make, where in ((lambda: Outer(**values), "Outer"), (lambda: Outer.read(values, "file"), "file")):
        with pytest.raises(DataError) as error:
            make()
        assert str(error.value).splitlines() == [
            f"{where}.inner.size: 0 should be greater than or equal to 1",
            f"{where}: key 'name' is missing",
            f"{where}: unknown key 'nam'; did you mean 'name'?",
        ]


def test_what_fits_is_kept():
    assert Outer(inner=Inner(size=2), name="x") == Outer.read({"inner": {"size": 2}, "name": "x"}, "file")
