"""The reader of HPatches patches and of the lists of its benchmark."""

import json

import numpy as np
import pytest
from PIL import Image

from reprise.datasets.hpatches import read_hpatches, read_pairs, read_patch_image, read_patches, read_splits
from reprise.evaluation.hpatches_descriptors import all_types
from reprise.storage.errors import DataError


@pytest.fixture
def folder(tmp_path):
    random = np.random.default_rng(0)
    for sequence, count in (("v_b", 3), ("i_a", 2)):
        (tmp_path / "release" / sequence).mkdir(parents=True)
        for name in all_types():
            pixels = random.integers(0, 256, (65 * count, 65), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "release" / sequence / f"{name}.png")
    return tmp_path


def test_patches_stand_below_each_other(folder):
    found = read_hpatches(folder)
    assert found.counts == {"i_a": 2, "v_b": 3}
    pixels = np.asarray(Image.open(folder / "release" / "v_b" / "h3.png"))
    patches = found.patches("v_b", "h3")
    assert patches.shape == (3, 65, 65)
    assert np.array_equal(patches[2], pixels[130:])
    assert read_hpatches(folder / "release") == found
    assert len(list(found.images())) == 32


def test_images_of_unequal_length(folder):
    Image.new("L", (65, 65)).save(folder / "release" / "v_b" / "t2.png")
    with pytest.raises(DataError, match=r"v_b/t2\.png: has 1 patches, and ref\.png has 3; .*unpack"):
        read_hpatches(folder).patches("v_b", "t2")


def test_missing_and_damaged_images(folder):
    path = folder / "release" / "i_a" / "e4.png"
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(DataError, match=r"e4\.png: cannot be read as an image"):
        read_hpatches(folder).patches("i_a", "e4")
    path.unlink()
    with pytest.raises(DataError, match=r"i_a/e4\.png: is missing; unpack"):
        read_hpatches(folder)
    with pytest.raises(DataError, match=r"has no \*/ref\.png; unpack"):
        read_hpatches(folder / "release" / "i_a")


def test_height_is_a_multiple_of_the_width(tmp_path):
    Image.new("L", (65, 100)).save(tmp_path / "ref.png")
    with pytest.raises(DataError, match=r"ref\.png: is 65 x 100 pixels; .*multiple of 65"):
        read_patch_image(tmp_path / "ref.png")


def test_splits(tmp_path):
    path = tmp_path / "splits.json"
    path.write_text(
        json.dumps({"a": {"name": "a", "test": ["i_a"], "train": ["v_b"]}, "full": {"test": ["i_a", "v_b"]}})
    )
    assert read_splits(path) == {"a": {"test": ("i_a",), "train": ("v_b",)}, "full": {"test": ("i_a", "v_b")}}
    for text in ("[1]", "{", '{"a": {}}'):
        path.write_text(text)
        with pytest.raises(DataError, match=r"splits\.json: is damaged .*; .*fetch it again"):
            read_splits(path)
    path.unlink()
    with pytest.raises(DataError, match=r"splits\.json: there is no such file"):
        read_splits(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n", "the header is 'a,b'"),
        ("s,idx\ni_x,2\n", "line 2: 'i_x,2' names no sequence"),
        ("s,idx\ni_a,2\ni_a,x\n", "line 3: 'i_a,x' names no sequence"),
        ("s,idx\ni_a\n", "line 2: 'i_a' names"),
    ],
)
def test_unfit_lists(text, message):
    with pytest.raises(DataError, match=f"queries.csv.*{message}"):
        read_patches(text, ["i_a"], "queries.csv")


def test_lists():
    assert read_patches("s,idx\nv_b,7\ni_a,2\n", ["i_a", "v_b"], "x").tolist() == [[1, 7], [0, 2]]
    pairs = read_pairs("s1,t1,idx1,s2,t2,idx2\nv_b,1,7,i_a,0,2\n", ["i_a", "v_b"], "x")
    assert pairs.tolist() == [[1, 1, 7, 0, 0, 2]]
