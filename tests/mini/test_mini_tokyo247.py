"""Tokyo 24/7 of the miniature: the published names and layout, panoramas, times of day, and truth."""

import tarfile
import zipfile

import numpy as np
import pytest
from PIL import Image

from reprise.datasets.reading import read_dataset
from reprise.untrusted.matlab import load_matlab


@pytest.fixture(scope="module")
def unpacked(tiny_mirror, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokyo247")
    with tarfile.open(tiny_mirror / "database_gsv_vga/03814.tar") as archive:
        archive.extractall(folder / "database", filter="data")
    with zipfile.ZipFile(tiny_mirror / "247query_subset_v2.zip") as archive:
        archive.extractall(folder)
    (folder / "247query_subset_v2").rename(folder / "queries")
    with tarfile.open(tiny_mirror / "netvlad_v100_datasets.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return folder


@pytest.fixture(scope="module")
def dataset(unpacked, tiny_mirror):
    index = str(tiny_mirror / "netvlad_v100_datasets.tar.gz")
    return read_dataset({"layout": "tokyo247", "images": str(unpacked), "index": index, "cutouts": 12})


def test_the_list_has_the_published_fields(unpacked):
    listed = load_matlab(unpacked / "datasets" / "tokyo247.mat")["dbStruct"]
    assert {"dbImageFns", "qImageFns", "utmDb", "utmQ", "posDistThr", "nonTrivPosDistSqThr"} < listed.keys()
    assert all(name.endswith(".jpg") for name in listed["dbImageFns"])


def test_every_image_is_there_in_its_published_form(dataset):
    for images, suffix in ((dataset.database, ".png"), (dataset.queries, ".jpg")):
        for path in images.paths:
            assert path.suffix == suffix and Image.open(path).size[0] > 0
    assert len(dataset.database) % 12 == 0 and len(dataset.queries) % 3 == 0
    panoramas = [name.rsplit("_012_", 1)[0] for name in dataset.database.names]
    assert [panoramas[12 * i : 12 * i + 12] for i in range(len(panoramas) // 12)] == [
        [name] * 12 for name in panoramas[::12]
    ]
    assert all(len(name.removeprefix("03814/")) == 22 for name in panoramas)


def test_every_query_has_one_panorama_near_it_and_others_of_its_place_far_away(dataset):
    for truth in dataset.ground_truth:
        near = np.unique(truth["ok"] // 12)
        assert len(near) == 1 and len(truth["ok"]) == 12


def test_nights_are_darker_than_days(dataset):
    def light(group):
        paths = [dataset.queries.paths[row] for row in np.flatnonzero(dataset.groups[group])]
        return np.mean([np.asarray(Image.open(path).convert("L")).mean() for path in paths])

    assert light("night") < light("sunset") < light("day")
