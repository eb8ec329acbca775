"""Files appear whole or not at all."""

import pytest

from reprise.storage.atomic import atomic_path, write_text


def test_failure_keeps_the_old_file_and_leaves_nothing_else(tmp_path):
    write_text(tmp_path / "x.txt", "old")
    with pytest.raises(RuntimeError), atomic_path(tmp_path / "x.txt") as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert (tmp_path / "x.txt").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["x.txt"]


def test_the_file_is_not_there_before_the_end(tmp_path):
    with atomic_path(tmp_path / "deep" / "x.txt") as temporary:
        temporary.write_text("new")
        assert not (tmp_path / "deep" / "x.txt").exists()
    assert (tmp_path / "deep" / "x.txt").read_text() == "new"


def test_a_folder_replaces_a_folder(tmp_path):
    for content in ("old", "new"):
        with atomic_path(tmp_path / "index") as temporary:
            temporary.mkdir()
            (temporary / content).write_text(content)
    assert [path.name for path in (tmp_path / "index").iterdir()] == ["new"]
    assert [path.name for path in tmp_path.iterdir()] == ["index"]
