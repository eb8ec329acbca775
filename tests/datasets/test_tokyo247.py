"""The layout of Tokyo 24/7: names, positions, panoramas, times of day, and what is wrong with lists and images."""

import io
import tarfile

import numpy as np
import pytest
from scipy.io import savemat

from reprise.datasets.reading import read_dataset
from reprise.datasets.tokyo247 import Layout
from reprise.storage.errors import DataError

# 24 cut-outs of two panoramas, 30 m apart; a query between them, one at exactly 25 m, one far away.
VIEWS = [f"03814/pano{i // 12}_012_{30 * (i % 12):03}.jpg" for i in range(24)]
WHERE = np.array([[0.0, 0.0]] * 12 + [[30.0, 0.0]] * 12).T
ASKED = np.array([[15.0, 0.0], [0.0, 25.0], [500.0, 0.0]]).T


def cell(texts):
    array = np.empty((len(texts), 1), object)
    array[:, 0] = texts
    return array


def listed(**changes):
    content = {
        "whichSet": "test", "dbImageFns": cell(VIEWS), "utmDb": WHERE, "qImageFns": cell(["1.jpg", "2.jpg", "3.jpg"]),
        "utmQ": ASKED, "numImages": 24, "numQueries": 3, "posDistThr": 25.0, "nonTrivPosDistSqThr": 100.0,
    }  # fmt: skip
    return {key: value for key, value in {**content, **changes}.items() if value is not None}


def write(folder, suffix=".png", **changes):
    for kind, names in (("database", VIEWS), ("queries", ["1.jpg", "2.jpg", "3.jpg"])):
        for name in names:
            path = folder / kind / name
            path = path.with_suffix(suffix) if kind == "database" else path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    savemat(folder / "tokyo247.mat", {"dbStruct": listed(**changes)})
    return {"layout": "tokyo247", "images": str(folder), "index": str(folder / "tokyo247.mat"), "cutouts": 12}


def test_images_truth_and_times(tmp_path):
    found = read_dataset(write(tmp_path))
    assert found.truth == "places"
    assert found.database.names == VIEWS and found.queries.names == ["1.jpg", "2.jpg", "3.jpg"]
    assert all(path.is_file() and path.suffix == ".png" for path in found.database.paths)
    assert [path.suffix for path in found.queries.paths] == [".jpg"] * 3
    near = [truth["ok"].tolist() for truth in found.ground_truth]
    assert near == [list(range(24)), list(range(12)), []]
    assert {truth["cutouts"] for truth in found.ground_truth} == {12}
    assert {name: rows.tolist() for name, rows in found.groups.items()} == {
        "all": [True] * 3,
        "day": [True, False, False],
        "sunset": [False, True, False],
        "night": [False, False, True],
        "sunset_and_night": [False, True, True],
    }


def test_images_that_were_converted_to_jpg(tmp_path):
    found = read_dataset(write(tmp_path, ".jpg"))
    assert all(path.is_file() for path in found.database.paths)


def test_the_list_is_found_in_the_archive_of_netvlad(tmp_path):
    description = write(tmp_path)
    expected = read_dataset(description)
    with tarfile.open(tmp_path / "lists.tar.gz", "w:gz") as archive:
        for name in ("datasets/pitts250k_test.mat", "datasets/tokyo247.mat"):
            content = (tmp_path / "tokyo247.mat").read_bytes() if "tokyo" in name else b"other"
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    found = read_dataset({**description, "index": str(tmp_path / "lists.tar.gz")})
    assert found.database.names == expected.database.names


def test_another_distance_and_images_in_two_sets(tmp_path):
    description = write(tmp_path)
    images = {kind: str(tmp_path / kind) for kind in ("database", "queries")}
    found = read_dataset({**description, "images": images, "distance": 20.0})
    assert [len(truth["ok"]) for truth in found.ground_truth] == [24, 0, 0]
    assert found.database.paths[0].is_file()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"utmDb": None}, "dbStruct: has no field utmDb; it has dbImageFns, "),
        ({"utmDb": WHERE[:, :5]}, r"dbStruct\.utmDb: is \(2, 5\), expected numbers \(2, 24\)"),
        ({"utmQ": ASKED * np.nan}, r"dbStruct\.utmQ: .* expected numbers"),
        ({"posDistThr": -1.0}, r"dbStruct\.posDistThr: expected one number of metres above 0"),
        ({"qImageFns": cell(["1.jpg", "../2.jpg", "3.jpg"])}, r"qImageFns\[1\]: '\.\./2\.jpg' is no image name"),
        ({"dbImageFns": cell(VIEWS[:23]), "utmDb": WHERE[:, :23]}, "23 images are no whole number of panoramas of 12"),
    ],
)
def test_lists_that_are_wrong(tmp_path, changes, message):
    with pytest.raises(DataError, match=message):
        read_dataset(write(tmp_path, **changes))


def test_lists_that_are_missing(tmp_path):
    description = write(tmp_path)
    savemat(tmp_path / "tokyo247.mat", {"other": 1.0})
    with pytest.raises(DataError, match="holds no structure dbStruct; give tokyo247.mat of NetVLAD"):
        read_dataset(description)
    with pytest.raises(DataError, match=r"no such file; it is tokyo247\.mat in the archive netvlad_v100_datasets"):
        read_dataset({**description, "index": str(tmp_path / "none.mat")})
    with tarfile.open(tmp_path / "lists.tar.gz", "w:gz"):
        pass
    with pytest.raises(DataError, match=r"holds no tokyo247\.mat"):
        read_dataset({**description, "index": str(tmp_path / "lists.tar.gz")})
    (tmp_path / "lists.tar.gz").write_bytes(b"no archive")
    with pytest.raises(DataError, match="damaged or no archive"):
        read_dataset({**description, "index": str(tmp_path / "lists.tar.gz")})


def test_settings_and_files_of_ones_own():
    layout = Layout.read({"layout": "tokyo247", "folder": "mine", "index": "mine/tokyo247.mat", "chunks": 1}, "d")
    assert layout.own_files("d") == {"images": "mine", "index": "mine/tokyo247.mat"}
    # What rankings are judged by is in the recipes of evaluations alone, so that no image is extracted again for it.
    assert layout.described() == {"layout": "tokyo247"}
    assert layout.judged() == {"cutouts": 12}
    with pytest.raises(DataError, match="key 'index' is missing; name the file that lists the images"):
        Layout.read({"layout": "tokyo247", "folder": "mine", "chunks": 1}, "d")


def test_damaged_lists_never_end_in_another_error(tmp_path):
    """Either the list is read, with as many positions as images and indices of images, or it is refused by name."""
    description, random, read = write(tmp_path), np.random.default_rng(0), 0
    path = tmp_path / "tokyo247.mat"
    for compressed in (False, True):
        savemat(path, {"dbStruct": listed()}, do_compression=compressed)
        content = np.frombuffer(path.read_bytes(), np.uint8)
        for trial in range(300):
            damaged = content[: random.integers(128, len(content))].copy() if trial % 10 == 0 else content.copy()
            damaged[random.integers(128, len(damaged), 3)] = random.integers(0, 256, 3)
            path.write_bytes(damaged.tobytes())
            try:
                found = read_dataset(description)
            except DataError as error:
                assert str(path) in str(error)
            else:
                read += 1
                assert len(found.ground_truth) == len(found.queries)
                assert all((truth["ok"] < len(found.database)).all() for truth in found.ground_truth)
    assert read > 0
