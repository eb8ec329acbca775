"""Queries that are images of the database are found by their files and by their content."""

from reprise.datasets.folder import images_below
from reprise.datasets.same_images import same_images


def test_the_same_files_and_copies_are_found_and_nothing_else(tmp_path):
    for name, content in {"db/a.jpg": b"aa", "db/b.jpg": b"bb", "db/sub/b2.png": b"bb", "db/c.jpg": b"ccc"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / "q").mkdir()
    (tmp_path / "q" / "copy.jpg").write_bytes(b"bb")
    (tmp_path / "q" / "other.jpg").write_bytes(b"xx")
    (tmp_path / "q" / "link.jpg").symlink_to(tmp_path / "db" / "c.jpg")
    database = images_below(tmp_path / "db")
    assert same_images(database, images_below(tmp_path / "q")) == {
        "copy.jpg": ["b.jpg", "sub/b2.png"], "link.jpg": ["c.jpg"],
    }  # fmt: skip
    assert same_images(database, images_below(tmp_path / "db" / "sub")) == {"b2.png": ["b.jpg", "sub/b2.png"]}
