"""Pickles that hold data only, of numpy, torch and Python containers."""

import collections
import math
import pickle
import struct

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from reprise.storage.errors import DataError
from reprise.untrusted.pickles import load_pickle

PROTOCOLS = range(6)


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    path = tmp_path_factory.mktemp("pickles") / "x.pkl"

    def call(data, **options):
        path.write_bytes(data)
        return load_pickle(path, **options)

    return call


def same(value, expected):
    assert type(value) is type(expected)
    if isinstance(expected, dict):
        assert list(value) == list(expected)
        for key in expected:
            same(value[key], expected[key])
    elif isinstance(expected, (list, tuple)):
        assert len(value) == len(expected)
        for item, other in zip(value, expected, strict=True):
            same(item, other)
    elif isinstance(expected, (np.ndarray, np.generic)):
        assert value.dtype == expected.dtype
        assert value.shape == expected.shape
        if value.dtype.hasobject:
            same(value.tolist(), expected.tolist())
        else:
            assert value.tobytes() == expected.tobytes()
    else:
        assert value == expected or (value != value and expected != expected)


RECORD = np.array([(1, (2.0, 3.0), "ab")], dtype=[("a", ">i4"), ("b", "f8", (2,)), ("c", "U2")])
ARRAYS = [
    np.arange(6).reshape(2, 3),
    np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    np.zeros((0, 3), np.float16),
    np.array(3.5),
    np.array([True, False]),
    np.arange(3, dtype="<u2"),
    np.array(["ab", "ç", ""]),
    np.array([b"ab", b"\xff"]),
    np.array([1, None, ["a", (2.0,)], np.arange(2)], dtype=object),
    np.array([1j], dtype=np.complex64),
    RECORD,
    RECORD[0],
    np.array([(1, 2.0)], dtype=np.dtype([("a", "i1"), ("b", "f8")], align=True)),
    np.float32(0.1),
    np.int64(-1),
    np.bool_(True),
    np.str_("ç"),
    np.str_(""),
    np.bytes_(b"x"),
]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("value", ARRAYS, ids=lambda value: f"{value.dtype}-{value.shape}")
def test_arrays_and_scalars(load, value, protocol):
    same(load(pickle.dumps(value, protocol)), value)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_containers(load, protocol):
    shared = ["shared"]
    value = {
        "numbers": [0, -1, 255, 65536, 2**40, -(2**70), 1.5, math.inf, 2 - 3j, True, None],
        ("a", (1, 2)): (shared, shared),
        3: {1, 2},
        b"\x00\xff": frozenset(["x"]),
        "empty": ([], (), {}, set(), frozenset(), b"", "", bytearray()),
        "text": ["ascii", "ç€😀", b"bytes", bytearray(b"\x80array"), "x" * 300],
        "ordered": collections.OrderedDict([("b", 1), ("a", 2)]),
        np.int64(4): np.float32(2),
    }
    result = load(pickle.dumps(value, protocol))
    same(result, value)
    first, second = result["a", (1, 2)]
    assert first is second


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_list_that_holds_itself(load, protocol):
    cycle = []
    cycle.append(cycle)
    result = load(pickle.dumps(cycle, protocol))
    assert result[0] is result


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | hnp.arrays(
        hnp.integer_dtypes(endianness="=") | hnp.floating_dtypes(endianness="=", sizes=(16, 32, 64)),
        hnp.array_shapes(min_dims=0, min_side=0, max_side=3),
    )
)
KEYS = st.text() | st.integers() | st.tuples(st.integers(), st.text())
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(KEYS, inner),
    max_leaves=10,
)


@settings(max_examples=80)
@given(value=VALUES, protocol=st.sampled_from(PROTOCOLS))
def test_round_trip(load, value, protocol):
    same(load(pickle.dumps(value, protocol)), value)


# ---- ground truth of the published benchmarks


def ground_truth(index, box):
    queries = [{"easy": index([0, 3]), "hard": index([1]), "junk": index([]), "bbx": box} for _ in range(2)]
    return {"imlist": ["all_souls_000013", "b", "c", "d"], "qimlist": ["q1", "q2"], "gnd": queries}


def numpy1(stream):
    """The stream as numpy 1 wrote it: its modules had other names."""
    if b"\x95" in stream[:4]:
        count = stream.count(b"\x16numpy._core.multiarray")
        (size,) = struct.unpack_from("<Q", stream, 3)
        stream = stream[:3] + struct.pack("<Q", size - count) + stream[11:]
    return stream.replace(b"\x16numpy._core.", b"\x15numpy.core.").replace(b"numpy._core.", b"numpy.core.")


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("index", [list, lambda values: np.array(values, dtype=np.int64)], ids=["list", "array"])
@pytest.mark.parametrize("box", [[1.5, 2.0, 3.0, 4.0], tuple(np.float64([1, 2, 3, 4])), None])
def test_ground_truth(load, protocol, index, box):
    value = ground_truth(index, box)
    stream = numpy1(pickle.dumps(value, protocol))
    assert b"_core" not in stream
    same(load(stream), value)
    same(pickle.loads(stream), value)


def test_pickle_of_python_2(load):
    dtype = b"cnumpy\ndtype\n(U\x02i4K\x00K\x01tR(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tU\x01btR(K\x01(K\x03t"
        + dtype
        + b"\x89U\x0c\x01\x00\x00\x00\x02\x00\x00\x00\xff\xff\xff\xfftb"
    )
    value = load(b"\x80\x02}(U\x04caf\xe9" + array + b"U\x01sc__builtin__\nset\n(]K\x05atRu.")
    same(value, {"café": np.array([1, 2, -1], np.int32), "s": {5}})


# ---- torch


@pytest.mark.parametrize("protocol", range(2, 6))
def test_tensors(load, protocol):
    base = torch.arange(12.0).reshape(3, 4)
    tensors = [base, base.T, base[1:, ::2], torch.ones(2, dtype=torch.bfloat16), torch.zeros(0, 3)]
    tensors += [torch.tensor(True), torch.tensor([1, -2], dtype=torch.int8), torch.tensor(3.5).half()]
    result = load(pickle.dumps(tensors, protocol))
    for tensor, expected in zip(result, tensors, strict=True):
        assert tensor.dtype == expected.dtype
        assert tensor.stride() == expected.stride()
        assert torch.equal(tensor, expected)


@pytest.mark.parametrize("protocol", range(2, 6))
def test_tensors_as_arrays(load, protocol):
    base = torch.arange(12.0).reshape(3, 4)
    tensors = [base, base.T, base[1:, ::2], torch.zeros(0, 3), torch.ones(1).expand(1, 1), torch.tensor(True)]
    tensors += [torch.tensor([1, -2], dtype=torch.int8), torch.tensor(3.5).half()]
    result = load(pickle.dumps(tensors, protocol), tensors_as_arrays=True)
    for array, expected in zip(result, tensors, strict=True):
        assert type(array) is np.ndarray and array.dtype == expected.numpy().dtype
        assert array.shape == expected.shape and np.array_equal(array, expected.numpy())
    with pytest.raises(DataError, match="numpy has no bfloat16"):
        load(pickle.dumps(torch.ones(2, dtype=torch.bfloat16), protocol), tensors_as_arrays=True)


@pytest.mark.parametrize("content", ["é".encode() * 8, b"\xff\x80" * 8, bytes(range(16)), b"plain text, ASCII"[:16]])
def test_arrays_of_python_2_keep_their_bytes(tmp_path, content):
    """Python 2 wrote them as strings, which may be UTF-8 by accident."""
    stream = (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01K\x02\x85"
        b"cnumpy\ndtype\nU\x02i8K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89"
    )
    (tmp_path / "x.pkl").write_bytes(stream + b"U\x10" + content + b"tb.")
    array = load_pickle(tmp_path / "x.pkl")
    assert array.dtype == np.int64 and array.tobytes() == content


@pytest.mark.parametrize(
    "content, text", [(b"caf\xc3\xa9", "café"), (b"caf\xe9", "café"), (b"\xe5\x8c\x97", "北"), (b"plain", "plain")]
)
def test_strings_of_python_2_are_utf8_or_latin1(tmp_path, content, text):
    (tmp_path / "x.pkl").write_bytes(b"\x80\x02}U" + bytes([len(content)]) + content + b"U\x01xs.")
    assert load_pickle(tmp_path / "x.pkl") == {text: "x"}
    (tmp_path / "x.pkl").write_bytes(b"S" + repr(content)[1:].encode() + b"\n.")
    assert load_pickle(tmp_path / "x.pkl") == text
