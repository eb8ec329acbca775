"""Damaged and hostile pickles are refused, and no code of theirs is run."""

import collections
import decimal
import io
import os
import pickle
import struct
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from reprise.storage.errors import DataError
from reprise.untrusted import budget
from reprise.untrusted.pickles import load_pickle

RECORD = np.array([(1, (2.0, 3.0), "ab")], dtype=[("a", ">i4"), ("b", "f8", (2,)), ("c", "U2")])


class Call:
    """Pickles as a call of ``function``, with a state that is set afterwards if one is given."""

    def __init__(self, function, *arguments, state=None):
        self.parts = (function, arguments) if state is None else (function, arguments, state)

    def __reduce__(self):
        return self.parts


class Plain:
    pass


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    path = tmp_path_factory.mktemp("pickles") / "x.pkl"

    def call(data, **options):
        path.write_bytes(data)
        return load_pickle(path, **options)

    return call


def refused(load, data, message, **options):
    with pytest.raises(DataError, match=message) as error:
        load(data, **options)
    assert "x.pkl" in str(error.value)


SOUND = [
    pickle.dumps(value, protocol)
    for value in (
        {"a": [1, 2.5, "text", (b"x",)], "s": {1, 2}},
        *(np.array(["ab"]), np.arange(4.0), RECORD, np.array([[1], None], dtype=object), np.float64(3)),
        torch.arange(4.0).reshape(2, 2),
    )
    for protocol in (0, 2, 4, 5)
]


@settings(max_examples=300)
@given(data=st.data(), as_arrays=st.booleans())
def test_damage_never_gives_anything_but_data_or_a_data_error(load, data, as_arrays):
    stream = bytearray(data.draw(st.sampled_from(SOUND)))
    for _ in range(data.draw(st.integers(1, 3))):
        position = data.draw(st.integers(0, len(stream) - 1))
        stream[position : position + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
    try:
        load(bytes(stream), tensors_as_arrays=as_arrays)
    except DataError as error:
        assert "x.pkl" in str(error)


@pytest.mark.parametrize("stream", SOUND, ids=range(len(SOUND)))
def test_every_truncation_is_noticed(load, stream):
    for length in [*range(0, len(stream), 1 + len(stream) // 80), len(stream) - 1]:
        with pytest.raises(DataError, match=r"x\.pkl: damaged or not a pickle"):
            load(stream[:length])


def tensor_of(size, stride, offset=0):
    storage = torch.arange(4.0).storage()
    arguments = (storage, offset, size, stride, False, collections.OrderedDict())
    return pickle.dumps(Call(torch._utils._rebuild_tensor_v2, *arguments), 2)


@pytest.mark.parametrize(
    ("size", "stride", "offset"),
    [((5,), (1,), 0), ((2,), (4,), 0), ((1,), (1,), 4), ((10**15,), (0,), 0), ((2,), (-1,), 1), ((2, 2), (1,), 0)],
)
@pytest.mark.parametrize("as_arrays", [False, True])
@pytest.mark.filterwarnings("ignore:TypedStorage")
def test_tensor_that_reaches_beyond_its_data(load, size, stride, offset, as_arrays):
    assert load(tensor_of((2, 2), (2, 1)), tensors_as_arrays=as_arrays).tolist() == [[0, 1], [2, 3]]
    refused(load, tensor_of(size, stride, offset), "a torch tensor", tensors_as_arrays=as_arrays)


@pytest.mark.filterwarnings("ignore:TypedStorage")
def test_hostile_pickle_within_a_torch_storage(load):
    inner = io.BytesIO()
    torch.save(Call(os.system, "exit 1"), inner, _use_new_zipfile_serialization=False)
    stream = pickle.dumps(Call(torch.storage._load_from_bytes, inner.getvalue()), 4)
    refused(load, stream, r"it names (posix|nt)\.system")


@pytest.mark.parametrize("zipped", [True, False])
def test_checkpoint_is_named_as_what_it_is(load, zipped):
    buffer = io.BytesIO()
    torch.save({"w": torch.ones(1)}, buffer, _use_new_zipfile_serialization=zipped)
    refused(load, buffer.getvalue(), "a torch checkpoint; read it with load_checkpoint")


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    ("value", "name"),
    [
        (Call(os.system, "touch hacked"), r"(posix|nt)\.system"),
        (Call(eval, "1"), r"(builtins|__builtin__)\.eval"),
        (Call(getattr, [], "append"), r"(builtins|__builtin__)\.getattr"),
        (Call(np.load, "x.npy"), r"numpy\.load"),
        (Call(np.fromfile, "x"), r"numpy.*\.fromfile"),
        (Call(np.memmap, "x"), r"numpy.*\.memmap"),
        (Call(torch.load, "x"), r"torch\.serialization\.load"),
        (Call(collections.defaultdict, list), r"collections\.defaultdict"),
        (decimal.Decimal("1"), r"decimal\.Decimal"),
        (os.system, r"(posix|nt)\.system"),
        (Plain(), r"copy_?reg\._reconstructor|Plain"),
    ],
)
def test_other_globals_are_refused(load, value, name, protocol, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused(load, pickle.dumps(value, protocol), f"refused to read it: it names {name}")
    assert not (tmp_path / "hacked").exists()


@pytest.mark.parametrize("name", ["numpy.f2py\ncompile", "numpy\nf2py.compile", "this\ns", "antigravity\nx"])
def test_nothing_is_imported(load, name):
    module, attribute = name.split("\n")
    sys.modules.pop("this", None)
    refused(load, f"c{name}\n.".encode(), rf"{module}\.{attribute}")
    text = "".join("\x8c" + chr(len(part)) + part for part in (module, attribute))
    refused(load, b"\x80\x04" + text.encode("latin1") + b"\x93.", rf"{module}\.{attribute}")
    assert "this" not in sys.modules
    assert "antigravity" not in sys.modules


@pytest.mark.parametrize(
    ("stream", "message"),
    [
        (b"(S'x'\nios\nsystem\n.", "builds objects"),
        (b"(cbuiltins\nset\no.", "builds objects"),
        (b"cbuiltins\nset\n)\x81.", "builds objects"),
        (b"cbuiltins\nset\n)}\x92.", "builds objects"),
        (b"\x82\x01.", "builds objects"),
        (b"\x80\x05\x97.", "builds objects"),
        (b"Pid\n.", "objects outside of the file"),
        (b"Nq\x00Q.", "objects outside of the file"),
        (b"cnumpy\nndarray\n)R.", r"it calls numpy\.ndarray"),
        (b"cnumpy\nndarray\n.", r"it holds numpy\.ndarray, which is not data"),
        (b"(cnumpy\nndarray\nl.", r"it holds numpy\.ndarray, which is not data"),
        (b"cnumpy\ndtype\n(S'f4'\ntR.", "it holds Dtype, which is not data"),
        (b"])R.", "it calls list"),
        (b"]}b.", "sets the state of a list"),
        (b"c_codecs\nencode\n(S'x'\nS'rot13'\ntR.", "latin1 only"),
        (b"cnumpy\ndtype\n(S'f4,O'\ntR.", "numpy dtype f4,O"),
        (b"cnumpy\ndtype\n(S'M8'\ntR.", "numpy dtype M8"),
        (b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR.", "array without data"),
        (b"I1\n.I2\n.", "more bytes follow"),
        (b"", "it is empty"),
        (b"<html>not found</html>", "damaged or not a pickle"),
        (b"\x80\x06N.", "damaged or not a pickle"),
    ],
)
def test_instructions_that_data_do_not_need(load, stream, message):
    refused(load, stream, message)


RECONSTRUCT = np.array([1]).__reduce__()[0]
FLOAT, OBJECT = np.dtype("f8"), np.dtype(object)


@pytest.mark.parametrize(
    "state",
    [
        (1, (3,), FLOAT, False, b"short"),
        (1, (2**62,), FLOAT, False, b""),
        (1, (2**40, 2**40), FLOAT, False, b""),
        (1, (-1,), FLOAT, False, b"12345678"),
        (1, (1,), OBJECT, False, b"12345678"),
        (1, (3,), OBJECT, False, [1]),
        (1, (1,), OBJECT, False, "12345678"),
        (1, (1,), FLOAT, False, [1.0]),
        (1, 1, FLOAT, False, b"12345678"),
        (1, (1,), "f8", False, b"12345678"),
        (2, (1,), FLOAT, False, b"12345678"),
        ((1,), FLOAT, False, b"12345678"),
        (1, (1.0,), FLOAT, False, b"12345678"),
        None.__class__,
    ],
)
def test_array_states_that_lie(load, state):
    value = Call(RECONSTRUCT, np.ndarray, (0,), b"b", state=state)
    with pytest.raises(DataError):
        load(pickle.dumps(value, 2))


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("f8", (3, "<", None, None, None, 800, -1, 0)),
        ("U2", (3, "<", None, None, None, 800, 4, 8)),
        ("V8", (3, "|", None, ("a",), {"a": (OBJECT, 0)}, 8, 1, 0)),
        ("V8", (3, "|", None, ("a",), {"a": (FLOAT, 4)}, 8, 1, 0)),
        ("V8", (3, "|", None, ("a",), {"a": (FLOAT, -4)}, 8, 1, 0)),
        ("V8", (3, "|", None, ("a", "a"), {"a": (FLOAT, 0)}, 8, 1, 0)),
        ("V8", (3, "|", None, ("a",), {}, 8, 1, 0)),
        ("V8", (3, "|", (OBJECT, (1,)), None, None, 8, 1, 0)),
        ("V8", (3, "|", (FLOAT, (100,)), None, None, 8, 1, 0)),
        ("f8", (3, "x", None, None, None, -1, -1, 0)),
        ("f8", (9, "<", None, None, None, -1, -1, 0)),
        ("f8", (3, "<")),
        ("f8", 3),
    ],
)
def test_dtype_states_that_lie(load, code, state):
    dtype = Call(np.dtype, code, False, True, state=state)
    value = Call(RECONSTRUCT, np.ndarray, (0,), b"b", state=(1, (1,), dtype, False, b"12345678"))
    with pytest.raises(DataError):
        load(pickle.dumps(value, 2))


@pytest.mark.parametrize("arguments", [(FLOAT, b"1234567"), (OBJECT, b"12345678"), (FLOAT,), ("f8", b"12345678")])
def test_scalars_that_lie(load, arguments):
    scalar = np.float64(1).__reduce__()[0]
    with pytest.raises(DataError):
        load(pickle.dumps(Call(scalar, *arguments), 2))


@pytest.mark.parametrize("shape", [(3,), (2**61,), (-1,), 1, (1, 1, 2)])
def test_buffers_that_lie(load, shape):
    from_buffer = np.arange(3.0).__reduce_ex__(5)[0]
    with pytest.raises(DataError):
        load(pickle.dumps(Call(from_buffer, b"12345678", FLOAT, shape, "C"), 5))


def test_deep_nesting(load):
    depth = 200_000
    refused(load, b"]" * depth + b"a" * (depth - 1) + b".", "nests more than 100 containers")
    value = load(b"]" * 99 + b"a" * 98 + b".")
    for _ in range(98):
        (value,) = value
    assert value == []


def nested_object_arrays(depth):
    head = b"cnumpy._core.multiarray\n_reconstruct\nq\x00(cnumpy\nndarray\nq\x01K\x00\x85C\x01bq\x02tq\x03R"
    end = b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb"
    dtype = b"cnumpy\ndtype\nX\x01\x00\x00\x00OK\x00K\x01\x87R(K\x03X\x01\x00\x00\x00|" + end + b"q\x04"
    first = head + b"(K\x01K\x01\x85" + dtype + b"\x89]Natb"
    # Each array is made, put below the one before, and filled with it.
    step = b"q\x05" + b"h\x00h\x03R" + b"(K\x01K\x01\x85h\x04\x89]h\x05atb"
    return b"\x80\x04" + first + step * depth + b"."


def test_nested_object_arrays(load):
    value = load(nested_object_arrays(50))
    for _ in range(50):
        value = value[0]
    assert value[0] is None
    refused(load, nested_object_arrays(20_000), "nests more than 100 containers")
    refused(load, nested_object_arrays(20_000)[:-1], "damaged")


def doubled(levels):
    """A list that holds a list twice, which holds a list twice, and so on."""
    return b"]q\x00" + b"".join(b"](h%ch%ceq%c" % (i, i, i + 1) for i in range(levels)) + b"."


def test_a_small_file_that_unfolds(load):
    assert load(doubled(10))
    refused(load, doubled(30), "repeats its content more often")
    refused(load, b"](" + b"N" * 50_000 + b"eq\x00](" + b"h\x00" * 100_000 + b"e.", "repeats its content more often")
    # As a key, whose hash would be computed item by item, 2 ** 40 of them.
    tuples = b"N" + b"".join(b"q%ch%c\x86" % (i, i) for i in range(40))
    refused(load, b"}" + tuples + b"Ns.", "as a key")
    wide = b"N\x85" + b"".join(b"q%c0(" % i + b"h%c" % i * 50 + b"t" for i in range(8))
    refused(load, b"}" + wide + b"Ns.", "as a key")


def test_dtypes_that_share_their_fields(load):
    record = b"cnumpy\ndtype\nq\x00(X\x02\x00\x00\x00f8tRq\x01"
    for level in range(30):
        size = 8 * 2**level
        fields = b"}(X\x01\x00\x00\x00ah%cK\x00\x86X\x01\x00\x00\x00bh%cJ%b\x86u" % (
            level + 1, level + 1, struct.pack("<i", size % 2**31))  # fmt: skip
        names = b"X\x01\x00\x00\x00aX\x01\x00\x00\x00b\x86"
        record += b"h\x00X\x02\x00\x00\x00V8\x85R(K\x03X\x01\x00\x00\x00|N" + names + fields
        record += b"J%bK\x01K\x10tbq%c" % (struct.pack("<i", 2 * size % 2**31), level + 2)
    refused(load, record + b".", "damaged")


@pytest.mark.parametrize(
    "call",
    [
        b"cbuiltins\nbytearray\nq\x01h\x00X\x06\x00\x00\x00latin1\x86q\x02",
        b"c_codecs\nencode\nq\x01h\x00X\x06\x00\x00\x00latin1\x86q\x02",
    ],
)
def test_copies_of_the_same_bytes(load, call):
    text = b"X" + struct.pack("<I", 500_000) + b"a" * 500_000 + b"q\x00"
    refused(load, b"\x80\x04](" + text + call + b"h\x01h\x02R" * 50_000 + b"e.", "takes more memory")


def test_copies_of_the_same_items(load):
    items = b"](" + b"N" * 100_000 + b"eq\x00"
    call = b"cbuiltins\nset\nq\x01h\x00\x85q\x02"
    refused(load, b"\x80\x04](" + items + call + b"h\x01h\x02R" * 50_000 + b"e.", "repeats its content")


def test_keys_that_collide(load):
    prime = 2**61 - 1  # integers are hashed modulo this number
    keys = {prime * i: None for i in range(1, 4000)}
    refused(load, pickle.dumps(keys, 4), "chosen to have the same hash")
    refused(load, pickle.dumps(set(keys), 4), "chosen to have the same hash")
    many = {2**61 + 3 * i: i for i in range(4000)}
    assert load(pickle.dumps(many, 4)) == many


def test_what_would_take_for_ever_ends(load, monkeypatch):
    monkeypatch.setattr(budget, "SECONDS", 0.0)
    monkeypatch.setattr(budget, "SECONDS_PER_BYTE", 0.0)
    refused(load, pickle.dumps({str(i): i for i in range(2000)}), "takes more than 0 s")


def test_values_in_messages_are_cut(load):
    with pytest.raises(DataError) as error:
        load(b"\x80\x04X" + struct.pack("<I", 100_000) + b"x" * 100_000 + b"\x8c\x01y\x93.")
    assert len(str(error.value)) < 1000


def test_texts_of_numbers_that_are_no_characters(load):
    for value in (np.array(["ab"]), np.str_("ab"), np.array([(1, "ab")], dtype=[("a", "i4"), ("b", "U2")])):
        for protocol in (2, 5):
            stream = pickle.dumps(value, protocol)
            load(stream)
            refused(load, stream.replace(b"a\0\0\0b", b"a\0\0\xffb"), "no characters|damaged")


def test_arrays_of_items_without_bytes_or_of_arrays(load):
    for code, shape in (("S0", (10**6,)), ("V0", (10**6,))):
        state = (1, shape, Call(np.dtype, code, False, True), False, b"")
        refused(load, pickle.dumps(Call(RECONSTRUCT, np.ndarray, (0,), b"b", state=state), 2), "have no bytes")
    block = Call(np.dtype, "V16", False, True, state=(3, "|", (FLOAT, (2,)), None, None, 16, 1, 0))
    refused(load, pickle.dumps(Call(np.float64(1).__reduce__()[0], block, bytes(16)), 2), "are arrays")


def test_deeply_nested_key(load):
    depth = 300_000
    refused(load, b"})" + b"\x85" * depth + b"Ns.", "as a key")
    refused(load, b"\x80\x04\x8f()" + b"\x85" * depth + b"\x90.", "as a key")


@pytest.mark.parametrize(
    "stream",
    [
        b"B\xff\xff\xff\x7f",
        b"\x8e" + struct.pack("<Q", 2**50),
        b"X\xff\xff\xff\xff",
        b"\x8d" + struct.pack("<Q", 2**50),
        b"\x80\x05\x96" + struct.pack("<Q", 2**50),
        b"\x8b\xff\xff\xff\x7f",
        b"\x80\x04\x95" + struct.pack("<Q", 2**50),
    ],
)
def test_lengths_that_lie_do_not_allocate(load, stream):
    refused(load, stream + b".", r"a length of \d+ bytes in a file of \d+ bytes")


def test_memo_index_that_lies_does_not_allocate(load):
    assert load(b"Nr\xff\xff\xff\xff.") is None


def test_missing_file_keeps_its_own_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_pickle(tmp_path / "absent.pkl")
