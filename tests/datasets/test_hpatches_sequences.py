"""The sequences of HPatches: what is listed, what is left out, and what is refused."""

import numpy as np
import pytest
from PIL import Image

from reprise.datasets.hpatches_sequences import read_homography, read_image_sequences, read_sequences
from reprise.datasets.reading import read_dataset
from reprise.evaluation.image_matching import EXCLUDED_SEQUENCES
from reprise.storage.errors import DataError

SHIFT = "1 0 7\n0 1 -2.5\n0 0 1\n"


@pytest.fixture
def folder(tmp_path):
    """Three sequences as they are unpacked, of which one is left out by default, and a folder that is none."""
    top = tmp_path / "hpatches-sequences-release"
    for name in ("v_wall", "i_dome", "v_talent", "__MACOSX"):
        (top / name).mkdir(parents=True)
        for number in range(1, 7):
            Image.new("RGB", (8, 6)).save(top / name / f"{number}.ppm")
            if number > 1:
                (top / name / f"H_1_{number}").write_text(SHIFT.replace("7", str(number)))
    return tmp_path


def test_images_are_listed_sequence_by_sequence(folder):
    description = {"layout": "hpatches_sequences", "images": str(folder), "excluded": list(EXCLUDED_SEQUENCES)}
    dataset = read_dataset(description)
    assert dataset.database.names == [f"{name}/{k}" for name in ("i_dome", "v_wall") for k in range(1, 7)]
    assert all(path.is_file() for path in dataset.paths) and dataset.queries is None
    assert dataset.truth == "homographies"
    sequences = read_image_sequences(description)
    assert [path for sequence in sequences for path in sequence.images] == dataset.paths
    assert sequences[1].pairs == [f"v_wall/1-{k}" for k in range(2, 7)]
    np.testing.assert_array_equal(sequences[0].homographies[:, 0, 2], [2, 3, 4, 5, 6])
    inner = read_sequences(folder / "hpatches-sequences-release")
    assert [each.name for each in inner] == ["i_dome", "v_wall"]


def test_other_sequences_may_be_left_out(folder):
    assert [each.name for each in read_sequences(folder, ["i_dome"])] == ["v_talent", "v_wall"]
    assert len(read_sequences(folder, [])) == 3
    (folder / "hpatches-sequences-release/v_talent/3.ppm").unlink()  # of one that is left out, nothing is needed
    assert len(read_sequences(folder)) == 2
    with pytest.raises(DataError, match=r"excluded: unknown name 'v_walls'; did you mean 'v_wall'"):
        read_sequences(folder, ["v_walls"])


@pytest.mark.parametrize(
    ("name", "message"),
    [("v_wall/4.ppm", r"v_wall/4\.ppm: is missing; .*, or exclude the sequence v_wall"),
     ("i_dome/H_1_5", r"i_dome/H_1_5: cannot be read \(No such file")],
)  # fmt: skip
def test_what_is_missing_is_named(folder, name, message):
    (folder / "hpatches-sequences-release" / name).unlink()
    with pytest.raises(DataError, match=message):
        read_sequences(folder)


def test_a_folder_without_sequences(tmp_path, folder):
    for where in (tmp_path / "nowhere", folder / "hpatches-sequences-release/v_wall"):
        with pytest.raises(DataError, match="has no sequence v_"):
            read_sequences(where)
    with pytest.raises(DataError, match="has no sequence"):
        read_sequences(folder, ["i_dome", "v_wall", "v_talent"])


@pytest.mark.parametrize(
    "text", [SHIFT, "1e0\t0  7\r\n0 1 -2.5 \r\n\r\n0 0 1", "-2 0 -14\n0 -2 5\n0 0 -2", "1 0 1e5\n0 1 0\n0 0 1"]
)
def test_homographies_are_read(tmp_path, text):
    (tmp_path / "H").write_bytes(text.encode())
    matrix = read_homography(tmp_path / "H")
    assert matrix.shape == (3, 3) and matrix.dtype == np.float64
    assert matrix[0, 2] / matrix[2, 2] in (7, 1e5)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "three lines of three finite"),
        (b"1 0 7 0 1 -2.5 0 0 1", "three lines of three finite"),
        (b"1 0\n0 1\n0 0", "three lines of three finite"),
        (b"1 0 7\n0 1\n0 0 1", "no numbers alone"),
        (b"1 0 7\n0 1 2\n0 0 1\n0 0 1", "three lines of three finite"),
        (b"1, 0, 7\n0, 1, 2\n0, 0, 1", "no numbers alone"),
        (b"1 0 x\n0 1 2\n0 0 1", "no numbers alone"),
        (b"1 0 1_0\n0 1 2\n0 0 1", "no numbers alone"),
        (b"1 0 nan\n0 1 2\n0 0 1", "three finite"),
        (b"1 0 inf\n0 1 2\n0 0 1", "three finite"),
        (b"1 0 1e999\n0 1 2\n0 0 1", "three finite"),
        (b"\xff\xfe1\x00 0", "no numbers alone"),
        (SHIFT.encode() + b"\n" * 9999, "three lines of three finite"),
        (b"1 2 3\n2 4 6\n0 0 1", "is a singular matrix"),
        (b"1e-9 0 7\n0 1e-9 2\n0 0 1", "is a singular matrix"),
        (b"0 0 0\n0 0 0\n0 0 0", "is a singular matrix"),
    ],
)
def test_what_is_no_homography_is_refused(tmp_path, content, message):
    (tmp_path / "H_1_2").write_bytes(content)
    with pytest.raises(DataError, match=f"H_1_2: .*{message}"):
        read_homography(tmp_path / "H_1_2")


def test_other_layouts_have_no_sequences():
    with pytest.raises(DataError, match="here: layout revisited has no homographies; name another dataset"):
        read_image_sequences({"layout": "revisited", "images": "here"})
