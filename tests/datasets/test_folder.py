"""A folder of images, whatever they are called, in parts that stay the same when others are added."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from reprise.datasets.folder import MADE, Layout, images_below, in_parts
from reprise.datasets.images import ImageList
from reprise.storage.errors import DataError


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return folder


def test_images_are_found_by_their_extensions_in_all_subfolders(tmp_path):
    names = ["b.JPG", "a b.png", "sub/b.JPG", "sub/deeper/größe <1>.tiff", "q'uote.webp"]
    touch(tmp_path, *names, "notes.txt", ".hidden.jpg", ".cache/x.jpg", "noextension", "sub/x.jpg.bak")
    found = images_below(tmp_path)
    assert found.names == sorted(names)
    assert found.paths == [tmp_path / name for name in found.names]


def test_links_are_followed_and_circles_are_not(tmp_path):
    touch(tmp_path, "elsewhere/a.jpg", "photos/b.jpg")
    (tmp_path / "photos" / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(tmp_path / "photos")
    (tmp_path / "photos" / "z.jpg").symlink_to(tmp_path / "nothing")
    assert images_below(tmp_path / "photos").names == ["b.jpg", "linked/a.jpg", "z.jpg"]


def test_previews_of_galleries_are_no_images_wherever_they_are_kept(tmp_path):
    touch(
        tmp_path, "a.jpg", f"results/galleries/a/{MADE}", "results/galleries/a/d0.jpg", "results/galleries/a/more/b.jpg"
    )
    assert images_below(tmp_path).names == ["a.jpg"]


def test_a_subfolder_that_cannot_be_read_is_an_error(tmp_path, monkeypatch):
    touch(tmp_path, "a.jpg", "private/b.jpg")
    listing = os.scandir

    def refused(path):
        if Path(path).name == "private":
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return listing(path)

    monkeypatch.setattr(os, "scandir", refused)
    with pytest.raises(DataError, match=r"private: this user has no permission"):
        images_below(tmp_path)


def test_one_image_is_a_list_of_one(tmp_path):
    touch(tmp_path, "sub/one.jpg")
    assert images_below(tmp_path / "sub" / "one.jpg").names == ["one.jpg"]


@pytest.mark.parametrize(
    ("name", "message"), [("missing", "no such folder or image"), ("empty", "no image in this folder")]
)
def test_without_images_there_is_nothing_to_search(tmp_path, name, message):
    touch(tmp_path, "empty/readme.txt")
    with pytest.raises(DataError, match=f"{name}: there is {message}"):
        images_below(tmp_path / name)


def listed(names):
    return ImageList(list(names), list(names))


def parts(names, count):
    images = in_parts(listed(names), count)
    return [images.chunk(part, count).names for part in range(1, count + 1)]


def test_an_added_image_changes_one_part(tmp_path):
    names = [f"{number}.jpg" for number in range(200)]
    before, after = parts(names, 8), parts([*names, "new.jpg"], 8)
    assert sorted(name for part in before for name in part) == sorted(names)
    changed = [part for part in range(8) if before[part] != after[part]]
    assert len(changed) == 1 and set(after[changed[0]]) - set(before[changed[0]]) == {"new.jpg"}
    # The parts are of similar size, and another number of parts is another division.
    assert min(map(len, before)) > 10
    images = in_parts(listed(names), 8)
    assert images.bounds(8, 8)[1] == 200 and images.bounds(2, 4) == (50, 100)


def test_too_many_parts_are_refused():
    with pytest.raises(DataError, match="3 images are too few for chunks: 50; lower that"):
        in_parts(ImageList(list("abc"), list(map(Path, "abc"))), 50)


def test_queries_are_another_folder_or_the_database(tmp_path):
    touch(tmp_path, "database/1.jpg", "database/2.jpg", "queries/3.jpg")
    entry = {"layout": "folder", "folder": str(tmp_path / "database"), "chunks": 1}
    own = Layout.read(entry, "x")
    assert own.among_themselves
    dataset = Layout.load({**own.described(), **own.own_files("x")})
    assert dataset.queries is dataset.database and dataset.ground_truth is None
    other = Layout.read({**entry, "queries": str(tmp_path / "queries")}, "x")
    assert not other.among_themselves
    assert Layout.load({**other.described(), **other.own_files("x")}).queries.names == ["3.jpg"]


def test_forgiving_lists_have_the_same_parts():
    images = in_parts(listed([f"{number}.jpg" for number in range(50)]), 3)
    assert images.forgiving().chunk(2, 3).names == images.chunk(2, 3).names
    np.testing.assert_array_equal(images.forgiving().starts, images.starts)
