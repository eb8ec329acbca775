"""Ground truth and lists as people have them, and as nobody should: read right, or an error with file and row."""

import pickle

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reprise.datasets.benchmarks import read_benchmark
from reprise.datasets.image_lists import read_image_list
from reprise.datasets.list import read_list
from reprise.datasets.sfm120k import read_training_set
from reprise.storage.errors import DataError


def dump(path, content):
    path.write_bytes(pickle.dumps(content))
    return path


def read(path, **changes):
    entry = {"easy": [0], "hard": [1], "junk": [], "bbx": None, **changes}
    return read_benchmark(
        path, dump(path / "gnd.pkl", {"imlist": list("abc"), "qimlist": ["q"], "gnd": [entry]}), "revisited"
    )


@pytest.mark.parametrize("kind", [list, tuple, *map(np.dtype, ("u1", "i2", ">i4", "u8", "i8"))])
def test_indices_of_every_type(tmp_path, kind):
    given_as = kind([2, 0]) if isinstance(kind, type) else np.array([2, 0], kind)
    dataset = read(tmp_path, easy=given_as, hard=[np.int64(1)] if kind is list else np.array([1], np.uint16))
    assert dataset.ground_truth[0]["easy"].tolist() == [2, 0] and dataset.ground_truth[0]["hard"].tolist() == [1]
    assert all(indices.dtype == np.int64 for indices in dataset.ground_truth[0].values())


@pytest.mark.parametrize(
    "value",
    [
        [[0], [0, 1]],
        [[0], [1]],
        [[], []],
        [2**70],
        [-(2**70)],
        [2**63],
        np.array([2**64 - 1], np.uint64),
        [3],
        [-1],
        [1j],
        ["0"],
        [None],
        [0.0],
        [True],
        [np.array([0, 1]), np.array([0])],
        np.array(0),
        np.array([[0]]),
        "01",
        {0: 1},
        5,
    ],
    ids=repr,
)
@pytest.mark.parametrize("key", ["easy", "junk"])
def test_lists_that_are_none(tmp_path, key, value):
    with pytest.raises(DataError, match=rf"gnd\.pkl: gnd\[0\] \(q\): '{key}'") as error:
        read(tmp_path, **{key: value})
    assert len(str(error.value)) < 400 + len(str(tmp_path))


@pytest.mark.parametrize(
    "box",
    [(1, 2, 30.5, 40), [1, 2, 30.5, 40], np.array([1, 2, 30.5, 40]), np.array([[1, 2, 30.5, 40]], np.float32)],
)
def test_boxes_of_every_type(tmp_path, box):
    (found,) = read(tmp_path, bbx=box).queries.boxes
    assert found == (1, 2, 30.5, 40) and all(type(number) in (int, float) for number in found)


@pytest.mark.parametrize(
    "box",
    [
        [[0, 0], [7]],
        [0, 0, 7j, 5],
        np.array([0, 0, 7, 5], complex),
        [0, 0, 7],
        [0, 0, 7, np.inf],
        [0, 0, 7, None],
        [0, 0, "7", 5],
        [0, 0, 10**400, 5],
        [True, True, True, True],
        [5, 5, 5, 9],
        5,
        "0,0,7,5",
        {"x": 1},
        [],
        list(range(10**5)),
    ],
    ids=lambda box: repr(box)[:20],
)
def test_boxes_that_are_none(tmp_path, box):
    with pytest.raises(DataError, match=r"gnd\.pkl: gnd\[0\]\['bbx'\]: expected x1, y1, x2, y2") as error:
        read(tmp_path, bbx=box)
    assert len(str(error.value)) < 300 + len(str(tmp_path))


@pytest.mark.parametrize(
    "names, message",
    [
        (["a", 5], r"'imlist'\[1\]: expected a list of image names, got int"),
        ([["a"], ["b", "c"]], r"'imlist'\[0\]: expected a list of image names, got list"),
        (np.array([["a", "b"]]), "'imlist': expected a list"),
        (["a", "b\0c"], r"'imlist'\[1\]: 'b\\x00c' is no image name"),
        (["a", "\ud800"], r"'imlist'\[1\]: .* is no image name"),
        ([b"a", b"\xff"], r"'imlist'\[1\]: b'\\xff' is no image name"),
        (["b", "a", "c", "a"], r"'imlist'\[3\]: 'a' is listed more than once"),
        ([None], r"'imlist'\[0\]"),
        ([""], r"'imlist'\[0\]: '' is no image name"),
    ],
)
def test_names_that_are_none(tmp_path, names, message):
    content = {"imlist": names, "qimlist": ["q"], "gnd": [{"easy": [], "hard": []}]}
    with pytest.raises(DataError, match=r"gnd\.pkl: " + message):
        read_benchmark(tmp_path, dump(tmp_path / "gnd.pkl", content), "revisited")


@pytest.mark.parametrize("names", [("é", "北"), np.array(["é", "北"]), np.array(["é".encode(), "北".encode()])])
def test_names_of_every_type(tmp_path, names):
    content = {"imlist": names, "qimlist": ["q"], "gnd": [{"easy": [0], "hard": []}]}
    dataset = read_benchmark(tmp_path, dump(tmp_path / "gnd.pkl", content), "revisited")
    assert dataset.database.names == ["é", "北"] and all(type(name) is str for name in dataset.database.names)


def python2(value):
    """What Python 2 pickled, protocol 2: str as bytes, numbers, lists and dicts."""
    if isinstance(value, bytes):
        return (
            b"T" + len(value).to_bytes(4, "little") + value if len(value) > 255 else b"U" + bytes([len(value)]) + value
        )
    if isinstance(value, int):
        return b"J" + value.to_bytes(4, "little", signed=True)
    if isinstance(value, list):
        return b"](" + b"".join(map(python2, value)) + b"e"
    return b"}(" + b"".join(python2(part) for item in value.items() for part in item) + b"u"


@pytest.mark.parametrize("name", ["Ã©glise", "café", "北京", "x" * 300 + "ü", "plain"])
def test_pickles_of_python_2_with_names_in_utf8(tmp_path, name):
    content = {
        b"imlist": [b"a", name.encode()],
        b"qimlist": [b"q" + name.encode()],
        b"gnd": [{b"easy": [1], b"hard": [], b"junk": [0]}],
    }
    stream = b"\x80\x02" + python2(content) + b"."
    (tmp_path / "gnd.pkl").write_bytes(stream)
    dataset = read_benchmark(tmp_path, tmp_path / "gnd.pkl", "revisited")
    assert dataset.database.names == ["a", name] and dataset.queries.names == [f"q{name}"]
    assert dataset.database.paths[1] == tmp_path / f"{name}.jpg"


TEXT = st.text("ab é北\x85\u2028\x0b/.-", min_size=1, max_size=6).map(str.strip).filter(lambda name: name.strip("/. -"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    names=st.lists(TEXT.map(lambda name: name.replace("/", "_") + ".jpg"), min_size=1, max_size=5, unique=True),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    mark=st.sampled_from(["utf-8", "utf-8-sig"]),
    last=st.sampled_from(["", "end", "blank"]),
)
def test_lists_in_every_form_of_utf8(tmp_path, names, end, mark, last):
    tail = {"": "", "end": end, "blank": f"{end} {end}{end}"}[last]
    (tmp_path / "list.txt").write_bytes((end.join(names) + tail).encode(mark))
    assert read_list(tmp_path, tmp_path / "list.txt").database.names == [name.strip() for name in names]
    rows = [f"{name},7,30,20" for name in names]
    (tmp_path / "rows.txt").write_bytes((end.join(rows) + tail).encode(mark))
    listed = read_image_list(tmp_path / "rows.txt", tmp_path)
    assert listed.images.names == names and listed.labels.tolist() == [7] * len(names)


@pytest.mark.parametrize(
    "content, message",
    [
        ("a.jpg,1,2,3\n".encode("utf-16"), "is not text in UTF-8 but UTF-16"),
        ("a.jpg,1,2,3\n".encode("utf-16-le"), "is not text in UTF-8 but UTF-16 or no text"),
        ("a.jpg,1,2,3\n".encode("utf-32"), "is not text in UTF-8 but UTF-32"),
        ("a.jpg,1,2,3\r\ncafé.jpg,1,2,3\n".encode("latin-1"), "line 2 is not text in UTF-8: byte 0xe9, .*'é'"),
        ("a,1,2,3\rb,1,2,3\r“c”,1,2,3".encode("cp1252"), "line 3 is not text in UTF-8: byte 0x93, .*'“'"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "is not text in UTF-8 but"),
        (b"\x81", "line 1 is not text"),
    ],
)
def test_lists_in_other_encodings_are_named(tmp_path, content, message):
    path = tmp_path / "list.txt"
    path.write_bytes(content)
    for call in (lambda: read_list(tmp_path, path), lambda: read_image_list(path, tmp_path)):
        with pytest.raises(DataError, match=rf"list\.txt: {message}"):
            call()


@pytest.mark.parametrize(
    "field", ["99999999999999999999", "9223372036854775808", "1" * 5000, "-1", "1e3", "０x1", "²", ""]
)
@pytest.mark.parametrize("column", [1, 2, 3])
def test_numbers_that_are_none(tmp_path, field, column):
    row = ["b.jpg", "1", "2", "3"]
    row[column] = field
    (tmp_path / "list.txt").write_text("a.jpg,1,2,3\n" + ",".join(row) + "\n")
    with pytest.raises(DataError, match=r"list\.txt: line 2 is") as error:
        read_image_list(tmp_path / "list.txt", tmp_path)
    assert len(str(error.value)) < 250 + len(str(tmp_path))


def test_rows_of_lists_are_named(tmp_path):
    for text, message in (
        ("a\n\n../b\n", r"line 3: '\.\./b' is no"),
        ("a\na\n\n/b\n", r"line 4: '/b' is no"),
    ):
        (tmp_path / "list.txt").write_text(text)
        with pytest.raises(DataError, match=message):
            read_list(tmp_path, tmp_path / "list.txt")
    with pytest.raises(DataError, match="cannot be read"):
        read_list(tmp_path, tmp_path)
    with pytest.raises(DataError, match="there is no such list"):
        read_list(tmp_path, tmp_path / "nothing.txt")


@pytest.mark.parametrize(
    "part, message",
    [
        (5, r"\['train'\] is a int"),
        ({"cids": np.array(["aaaaaa1", "b/../b2"])}, r"'cids'\[1\] .* is no content hash"),
        ({"cids": ["aaaaaa1"], "cluster": [[1], [1, 2]], "qidxs": [], "pidxs": []}, r"\['cluster'\]"),
        ({"cids": ["aaaaaa1"], "cluster": [1], "qidxs": [[0], []], "pidxs": []}, r"\['qidxs'\]"),
        ({"cids": [5]}, r"'cids'\[0\] 5 is no content hash"),
    ],
)
def test_training_sets_that_are_none(tmp_path, part, message):
    with pytest.raises(DataError, match=rf"x\.pkl: .*{message}"):
        read_training_set(tmp_path, dump(tmp_path / "x.pkl", {"train": part}), "train")
