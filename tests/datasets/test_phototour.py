"""The reader of PhotoTour patches, against the published one, and damaged sets."""

import io

import numpy as np
import pytest
from PIL import Image

from reprise.datasets.phototour import joined, read_phototour
from reprise.datasets.reading import load_layout, read_dataset
from reprise.images.patch_resizing import resize_patches
from reprise.storage.errors import DataError

PAIRS = "m50_100000_100000_0.txt"


@pytest.fixture(scope="module")
def arrays(golden):
    return dict(golden("phototour"))


@pytest.fixture
def folder(arrays, tmp_path):
    folder = tmp_path / "liberty"
    folder.mkdir()
    sheet = Image.open(io.BytesIO(arrays["sheet_png"].tobytes()))
    sheet.save(folder / "patches0000.bmp")
    (folder / "info.txt").write_text(str(arrays["info"]))
    (folder / PAIRS).write_text(str(arrays["matches_file"]))
    (folder / "interest.txt").write_text("not used")
    return folder


def test_golden_set(arrays, folder):
    found = read_phototour(folder, int(arrays["number_of_patches"]))
    assert np.array_equal(found.labels, arrays["labels"])
    assert np.array_equal(found.pairs, arrays["matches"])
    assert found.patches.shape == (len(arrays["labels"]), 64, 64)
    assert np.array_equal(found.patches[::37], arrays["patch_every_37th"])
    np.testing.assert_allclose(found.patches.mean(axis=(1, 2)), arrays["patch_means"], rtol=1e-6)


def test_layout_reads_shrunk_patches(arrays, folder):
    found = load_layout("phototour").load_patches({"layout": "phototour", "images": str(folder), "patches": None})
    assert np.array_equal(found.patches, resize_patches(read_phototour(folder).patches))
    assert found.patches.shape[1:] == (32, 32)
    with pytest.raises(DataError, match="holds patches and no images"):
        read_dataset({"layout": "phototour", "images": str(folder)})


def test_patches_as_they_are(folder):
    description = {"layout": "phototour", "images": str(folder), "patches": None}
    assert load_layout("phototour").load_patches(description, shrunk=False).patches.shape[1:] == (64, 64)


def test_joined_sets_keep_patches_points_and_pairs_apart(folder):
    one = read_phototour(folder, shrunk=True)
    both = joined([one, one])
    count, points = len(one.labels), one.labels.max() + 1
    assert np.array_equal(both.patches[count:], one.patches)
    assert np.array_equal(np.unique(both.labels), np.arange(2 * points))
    assert np.array_equal(both.labels[count:], one.labels + points)
    second = both.pairs[len(one.pairs) :]
    assert np.array_equal(second, one.pairs + np.array([count, count, 0]))
    assert np.array_equal(both.labels[second[:, 0]] == both.labels[second[:, 1]], second[:, 2] == 1)


def test_what_follows_the_patches_of_a_set_is_left_out(arrays, folder):
    (folder / PAIRS).write_text("0 0 0 1 0 0\n")
    found = read_phototour(folder, 6)
    assert len(found.patches) == len(found.labels) == 6


def test_sheets_follow_each_other_by_name(arrays, folder):
    first = Image.open(folder / "patches0000.bmp")
    Image.fromarray(255 - np.asarray(first.convert("L"))).save(folder / "patches0001.bmp")
    lines = str(arrays["info"]).splitlines()
    (folder / "info.txt").write_text("\n".join([*lines, *["0 0"] * (300 - len(lines))]))
    patches = read_phototour(folder).patches
    assert len(patches) == 300
    assert np.array_equal(patches[256:], 255 - patches[:44])


def test_truncated_sheet(folder):
    sheet = folder / "patches0000.bmp"
    sheet.write_bytes(sheet.read_bytes()[:600_000])
    with pytest.raises(DataError, match=r"patches0000\.bmp: .*truncated.*; unpack the archive of liberty again"):
        read_phototour(folder)


def test_sheet_of_another_size(folder):
    Image.new("L", (1024, 960)).save(folder / "patches0000.bmp")
    with pytest.raises(DataError, match=r"patches0000\.bmp: is 1024 x 960 pixels.*unpack"):
        read_phototour(folder)


CASES = {
    r"info\.txt: 3-D points have to be numbered .* there is 4 where 3 is expected; number": (
        "info.txt",
        lambda text: text.replace("\n3 ", "\n900 "),
    ),
    r"info\.txt: 3-D points have to be numbered .* there is 1 where 0": (
        "info.txt",
        lambda text: "".join(f"{int(line.split()[0]) + 1} 0\n" for line in text.splitlines()),
    ),
    r"info\.txt: has 3 lines for 220 patches; unpack": ("info.txt", lambda text: "\n".join(text.splitlines()[:3])),
    r"info\.txt: is no table of whole numbers": ("info.txt", lambda text: "label image\n" + text),
    r"info\.txt: is empty": ("info.txt", lambda text: ""),
    r"0\.txt, line 2: there is no patch 220, only 220; unpack": (
        PAIRS,
        lambda text: text.replace("\n129 41 ", "\n220 41 "),
    ),
    r"0\.txt, line 2: there is no patch -1": (PAIRS, lambda text: text.replace("\n129 41 ", "\n-1 41 ")),
    r"0\.txt, line 2: patch 129 is of point 40, and of 41 in info\.txt": (
        PAIRS,
        lambda text: text.replace("\n129 41 ", "\n129 40 "),
    ),
    r"0\.txt: is no table of whole numbers": (PAIRS, lambda text: text + "1 2 3\n"),
}


@pytest.mark.filterwarnings("ignore:loadtxt:UserWarning")
@pytest.mark.parametrize("message", CASES)
def test_damaged_lists(folder, message):
    name, change = CASES[message]
    path = folder / name
    path.write_text(change(path.read_text()))
    with pytest.raises(DataError, match=message):
        read_phototour(folder, 220)


@pytest.mark.parametrize("name", ["info.txt", PAIRS])
def test_missing_lists(folder, name):
    (folder / name).unlink()
    with pytest.raises(DataError, match=rf"{name}: is missing; unpack the archive of liberty again"):
        read_phototour(folder)


def test_missing_sheets(folder):
    with (folder / "info.txt").open("a") as file:
        file.write("0 0\n" * 40)
    with pytest.raises(DataError, match=r"liberty: has 1 sheets of 256 patches, and info\.txt describes 260"):
        read_phototour(folder)
