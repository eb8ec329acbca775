"""A list of images, and of queries with boxes."""

import pytest

from reprise.datasets.list import Layout, read_queries
from reprise.storage.errors import DataError


def entry(tmp_path, queries=None, **settings):
    (tmp_path / "images.txt").write_text("a.jpg\nsub/b c.png\n")
    content = {"layout": "list", "folder": str(tmp_path), "list": str(tmp_path / "images.txt"), "chunks": 1, **settings}
    if queries is not None:
        (tmp_path / "queries.txt").write_text(queries)
        content["queries"] = str(tmp_path / "queries.txt")
    return Layout.read(content, "x")


def load(layout):
    return Layout.load({**layout.described(), **layout.own_files("x")})


def test_without_queries_the_database_is_searched_for_its_own_images(tmp_path):
    layout = entry(tmp_path, first=1)
    dataset = load(layout)
    assert layout.among_themselves and layout.has_queries and layout.truth is None
    assert dataset.queries is dataset.database and dataset.database.names == ["a.jpg"]


def test_queries_may_have_boxes_and_names_with_spaces(tmp_path):
    layout = entry(tmp_path, "sub/b c.png\n\nöß, <1>.webp\t1\t2.5\t30\t40\r\n")
    queries = load(layout).queries
    assert not layout.among_themselves
    assert queries.names == ["sub/b c.png", "öß, <1>.webp"]
    assert queries.paths == [tmp_path / name for name in queries.names]
    assert queries.boxes == [None, (1.0, 2.5, 30.0, 40.0)]
    assert load(entry(tmp_path, "a.jpg\n")).queries.boxes is None


def test_the_lists_are_files_and_no_settings(tmp_path):
    layout = entry(tmp_path, "a.jpg\n")
    assert layout.described() == {"layout": "list"}
    assert layout.own_files("x")["queries"] == str(tmp_path / "queries.txt") and layout.asking == ("queries",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a.jpg\nb.jpg 1 2 3 4\n", "line 2 is 'b.jpg 1 2 3 4'; .* separated by tabs"),
        ("a.jpg,1,2,3,4\n", "line 1 is 'a.jpg,1,2,3,4'"),
        ("a.jpg\t1\t2\t3\n", "line 1 is"),
        ("\na.jpg\t30\t2\t3\t40\n", "line 2 is .* with x1 < x2"),
        ("a.jpg\t1\t2\tnan\t4\n", "line 1 is"),
        ("a.jpg\na.jpg\t1\t2\t3\t4\n", "line 2: 'a.jpg' is listed more than once"),
        ("../a.jpg\n", "line 1: '../a.jpg' is no image name below"),
        ("\n", "no image is listed"),
    ],
)
def test_lines_that_are_no_queries_are_named(tmp_path, text, message):
    (tmp_path / "queries.txt").write_text(text)
    with pytest.raises(DataError, match=message):
        read_queries(tmp_path, tmp_path / "queries.txt")


def test_queries_belong_to_data_of_ones_own():
    content = {"layout": "list", "images": "oxford5k", "index": "gnd", "queries": "x.txt", "chunks": 1}
    with pytest.raises(DataError, match=r"x\.queries: are those of data of your own; give 'folder'"):
        Layout.read(content, "x")
