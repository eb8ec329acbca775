"""The cameras that the mirror keeps are those with which its images were drawn."""

import io
import json
import tarfile
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from reprise.mini.releases.parts import PARTS
from reprise.mini.world.camera import Camera
from reprise.mini.world.drawing import PIXELS_PER_DENSITY, jpeg
from reprise.mini.world.rendering import NEAR
from reprise.mini.world.scenes import draw_scene
from reprise.mini.world.shootings import all_shootings
from reprise.mini.world.sizes import tiny
from reprise.mini.world.views import MANNERS, draw_view, take

SEED = 5  # of the fixture


def cameras(mirror, part):
    return json.loads((mirror / f"{part}.cameras.json").read_text())


def as_camera(record):
    return Camera(*(np.array(record[key]) for key in ("K", "R", "t")), record["width"], record["height"])


def lists(mirror):
    """The names of the images of every set, as the files of the releases list them."""
    oxford, paris = (np.load(mirror / f"gnd_{name}.pkl", allow_pickle=True) for name in ("oxford5k", "paris6k"))
    sfm = np.load(mirror / "retrieval-SfM-120k.pkl", allow_pickle=True)

    sequences = json.loads((mirror / "utils/splits.json").read_text())["full"]["test"]

    def lines(file):
        return [line.split(",")[0] for line in (mirror / file).read_text().split()]

    return {
        "oxford5k": {"oxford5k": oxford["imlist"]},
        "paris6k": {"paris6k": paris["imlist"]},
        "sfm120k": {split: sfm[split]["cids"] for split in ("train", "val")},
        "revisitop1m": {"revisitop1m": lines("revisitop1m.txt")},
        "gldv2": {"train": lines("gldv2/train_750k.txt")},
        "gldv2-test": {
            "index": lines("gldv2-test/test_gallery.txt"), "test": lines("gldv2-test/test_query.txt"),
        },
        "photo_tour": {
            name: [f"{name}_{scene}_{view:02}" for scene in range(2) for view in range(4)]
            for name in ("liberty", "notredame", "yosemite")
        },
        "megadepth": megadepth(mirror),
        "hpatches": {"hpatches": [f"{name}/{image}" for name in sequences for image in range(1, 7)]},
        "aachen": {"aachen": [
            name.removeprefix("images_upright/")
            for archive in ("images/database_and_query_images.zip", "aachen_v1_1.zip")
            for name in zipfile.ZipFile(mirror / archive).namelist()
            if name.endswith(".jpg")
        ]},
        "tokyo247": {"tokyo247": [
            name.removeprefix("247query_subset_v2/").removesuffix(".png")
            for name in [
                *zipfile.ZipFile(mirror / "247query_subset_v2.zip").namelist(),
                *tarfile.open(mirror / "database_gsv_vga" / "03814.tar").getnames(),
            ]
            if "." in name
        ]},
        "hpatches_sequences": {
            "hpatches_sequences": [
                f"{name}/{image}"
                for name in ("i_ajuntament", "i_bologna", "v_abstract", "v_bricks", "v_talent")
                for image in range(1, 7)
            ]
        },
    }  # fmt: skip


def megadepth(mirror):
    """The images of the archive of HNDesc's training, by their part."""
    names = [Path(name) for name in zipfile.ZipFile(mirror / "hndesc_training_data").namelist()]
    images = [
        name.relative_to("MegaDepth").with_suffix("").as_posix() for name in names if name.parts[0] == "MegaDepth"
    ]
    return {split: [name for name in images if name.startswith(split)] for split in ("train", "test")}


def test_every_image_has_its_camera_under_its_name(tiny_mirror):
    expected = lists(tiny_mirror)
    assert set(expected) == set(PARTS)
    for part, sets in expected.items():
        found = cameras(tiny_mirror, part)
        assert {name: list(images) for name, images in found.items()} == {name: sorted(n) for name, n in sets.items()}
        for images in found.values():
            for record in images.values():
                assert set(record) == {"scene", "K", "R", "t", "width", "height"}


def test_cameras_have_the_size_of_their_images(tiny_mirror):
    found = cameras(tiny_mirror, "oxford5k")["oxford5k"]
    with tarfile.open(tiny_mirror / "oxbuild_images-v1.tgz") as archive:
        for member in filter(tarfile.TarInfo.isfile, archive):
            record = found[member.name.removesuffix(".jpg")]
            assert Image.open(io.BytesIO(archive.extractfile(member).read())).size == (
                record["width"],
                record["height"],
            )


@pytest.mark.parametrize("dataset, part", [("roxford5k", "oxford5k"), ("rparis6k", "paris6k")])
def test_points_of_planes_land_where_the_drawing_has_them(tiny_mirror, dataset, part):
    """The outline of each plane, projected with the kept camera, bounds the pixels in which the drawing shows it."""
    found = cameras(tiny_mirror, part)[part]
    size = tiny().image_size
    checked = 0
    for shooting in all_shootings(SEED, tiny(), [dataset]):
        scene = draw_scene(
            SEED, shooting.city, shooting.scene, archetype=shooting.archetype, motif=shooting.motif,
            density=max(size / PIXELS_PER_DENSITY, 6.0),
        )  # fmt: skip
        for name, manner in shooting.images:
            camera = as_camera(found[name])
            assert found[name]["scene"] == shooting.scene
            picture = take(scene, draw_view(scene, name, MANNERS[manner], size))
            for index in np.unique(picture.owner[picture.owner >= 0]):
                plane = scene.planes[index]
                corners, depth = camera.project(plane.points(plane.corners))
                if (depth < NEAR).any():
                    continue
                rows, columns = np.nonzero(picture.owner == index)
                outline = corners.astype(np.float32)
                inside = [
                    cv2.pointPolygonTest(outline, (float(x) + 0.5, float(y) + 0.5), measureDist=True)
                    for x, y in zip(columns, rows, strict=True)
                ]
                assert min(inside) > -1
                checked += len(inside)
    assert checked > 10000


def test_the_drawing_is_that_of_the_mirror(tiny_mirror):
    """What the test above draws again is what the archive has, to the byte."""
    shooting = all_shootings(SEED, tiny(), ["roxford5k"])[0]
    size = tiny().image_size
    scene = draw_scene(SEED, shooting.city, shooting.scene, archetype=shooting.archetype,
                       density=max(size / PIXELS_PER_DENSITY, 6.0))  # fmt: skip
    name, manner = shooting.images[0]
    picture = take(scene, draw_view(scene, name, MANNERS[manner], size))
    with tarfile.open(tiny_mirror / "oxbuild_images-v1.tgz") as archive:
        assert archive.extractfile(f"{name}.jpg").read() == jpeg(picture)
