"""Arguments as people have them, and those that are none: one error that names the argument and the value."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from reprise.storage import arguments
from reprise.storage.errors import DataError

WHOLE = hnp.from_dtype(np.dtype("i8"), min_value=-1000, max_value=1000).map(int)
INTEGERS = [int, float, np.int16, np.int64, np.float64, np.longdouble, np.array, Fraction]


@given(WHOLE, st.sampled_from(INTEGERS))
def test_whole_numbers_of_every_type(value, kind):
    found = arguments.count("size", kind(value), minimum=-1000)
    assert found == value and type(found) is int


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([float, np.float64, np.array, Fraction]))
def test_numbers_of_every_type(value, kind):
    found = arguments.number("alpha", kind(value))
    assert found == value and type(found) is float


@pytest.mark.parametrize("value", [True, np.True_, 1, np.int8(1), np.array(True), np.uint64(1)])
def test_truth_of_every_type(value):
    assert arguments.flag("binary", value) is True


@pytest.mark.parametrize("value", [False, np.False_, 0, np.int64(0), np.array(0)])
def test_falsehood_of_every_type(value):
    assert arguments.flag("binary", value) is False


NONE = [
    None, "3", b"3", "x" * 10**6, [3], (), {}, object(), 3j, np.complex64(3), np.array([3]), np.array("3"),
    np.str_("3"), np.ma.masked, np.ma.array(3, mask=True), np.ma.array([3, 4]), lambda: 3, int, Decimal("NaN"),
    np.datetime64("2020"),
]  # fmt: skip


@pytest.mark.parametrize("check", [arguments.count, arguments.number, arguments.flag])
@pytest.mark.parametrize("value", NONE, ids=lambda value: repr(value)[:20])
def test_what_is_no_number(check, value):
    with pytest.raises(DataError, match="^some name: ") as error:
        check("some name", value)
    assert len(str(error.value)) < 200


@pytest.mark.parametrize("value", [True, np.False_, 1.5, np.float32(0.1), np.nan, np.inf, -np.inf, Fraction(1, 3)])
def test_what_is_no_whole_number(value):
    with pytest.raises(DataError, match="size: .* is no whole number"):
        arguments.count("size", value)


@pytest.mark.parametrize(
    "value, limits", [(0, (1, None)), (-5, (0, 9)), (10, (0, 9)), (10**5000, (0, 9))], ids=["0", "-5", "10", "huge"]
)
def test_whole_numbers_out_of_range(value, limits):
    with pytest.raises(DataError, match="size: .* is out of range, expected") as error:
        arguments.count("size", value, *limits)
    assert len(str(error.value)) < 200


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, np.float32(np.inf), 10**400, np.array(np.nan)], ids=type)
def test_numbers_that_are_not_finite(value):
    with pytest.raises(DataError, match="alpha: .* is not finite"):
        arguments.number("alpha", value)


@pytest.mark.parametrize("value", [2, -1, 1.0, np.float64(0), "yes", "False", np.int64(2)])
def test_what_is_no_truth_value(value):
    with pytest.raises(DataError, match="binary: .* is neither True nor False"):
        arguments.flag("binary", value)


def test_arrays_are_not_copied():
    array = np.arange(3)
    assert arguments.array("x", array) is array
    assert arguments.array("x", np.ma.array(array)).base is not None
    assert type(arguments.array("x", np.ma.array(array))) is np.ndarray
    assert arguments.array("x", [[1, 2], [3, 4]]).shape == (2, 2)
    assert arguments.array("x", range(3)).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    "value",
    [
        [[1], [1, 2]],
        [np.zeros((2, 3)), np.zeros((4, 3))],
        np.ma.array([1, 2], mask=[0, 1]),
        [None],
        [2**70],
        np.array([{}]),
        {1, 2},
        None,
        object(),
        [[1, [2]], [3, 4]],
        ["a" * 10**6, [1]],
    ],
    ids=lambda value: repr(value)[:20],
)
def test_what_is_no_array(value):
    with pytest.raises(DataError, match="^x: ") as error:
        arguments.array("x", value)
    assert len(str(error.value)) < 400
