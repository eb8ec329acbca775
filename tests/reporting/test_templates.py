"""The recipes of pages follow the files of their templates."""

import shutil

import pytest

from reprise.reporting import templates


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A copy of the templates that may be changed."""
    shutil.copytree(templates._FOLDER, tmp_path / "templates", ignore=shutil.ignore_patterns("__*"))
    monkeypatch.setattr(templates, "_FOLDER", tmp_path / "templates")
    return tmp_path / "templates"


PAGES = ("gallery.html", "report.html", "table.html", "study.html")


def test_every_file_belongs_to_a_page(folder):
    for path in sorted(folder.iterdir()):
        before = {page: templates.templates_hash(page) for page in PAGES}
        path.write_text(path.read_text() + "\n")
        assert any(templates.templates_hash(page) != before[page] for page in PAGES), path.name


def test_a_page_does_not_follow_the_files_of_others(folder):
    before = {page: templates.templates_hash(page) for page in PAGES}
    (folder / "gallery_matches.js").write_text("")
    changed = {page for page in PAGES if templates.templates_hash(page) != before[page]}
    assert changed == {"gallery.html"}
