"""Settings that are given by keywords, and read from plain values."""

import numpy as np
import pytest
from pydantic import Field

from reprise.storage.errors import DataError
from reprise.storage.settings import Settings


class Inner(Settings):
    """Settings in settings."""

    size: int = Field(3, ge=1)
    scale: float = 1.0
    box: bool = False
    scales: tuple[float, ...] | list[float] = ()


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


@pytest.mark.parametrize("read", [lambda values: Inner(**values), lambda values: Inner.read(values, "file")])
def test_numbers_of_numpy_are_those_of_python(read):
    values = {"size": np.int64(5), "scale": np.float32(0.5), "box": np.True_, "scales": np.array([0.5, 2])}
    settings = read(values)
    assert settings == Inner(size=5, scale=0.5, box=True, scales=[0.5, 2.0])
    assert type(settings.size) is int and type(settings.box) is bool and type(settings.scales[0]) is float
    for wrong in ({"size": np.float64(1.5)}, {"size": np.int64(0)}, {"scale": np.array([1.0])}, {"box": np.int64(1)}):
        with pytest.raises(DataError, match=next(iter(wrong))):
            read(wrong)
