"""``reprise search``: the configuration that it makes, and what it refuses."""

import pytest
import yaml
from paths import ROOT

from reprise.cli.main import main
from reprise.cli.search import Photographs, _follow
from reprise.downloads.sources import read_sources
from reprise.pipeline.spec.config import read_config
from reprise.pipeline.spec.published import read_published
from reprise.storage.errors import DataError


def photographs(folder, count):
    folder.mkdir(exist_ok=True)
    for number in range(count):
        (folder / f"{number}.jpg").write_bytes(b"")
    return str(folder)


def checked(overlay):
    """The overlay alone, checked as the workflow checks it, with the extractor that it names."""
    content = {**overlay, "extractors": {"rootsift": {"type": "rootsift"}}}
    return read_config(
        content, read_sources(ROOT / "config" / "sources.yaml"), read_published(ROOT / "config" / "published")
    )


@pytest.mark.parametrize(
    ("images", "words", "parts"), [(1, 16, 1), (78, 1024, 2), (500, 4096, 15), (100_000, 65536, 3125)]
)
def test_words_and_parts_follow_from_the_number_of_images(tmp_path, monkeypatch, images, words, parts):
    monkeypatch.setattr("reprise.cli.search.images_below", lambda folder: range(images))
    overlay = Photographs("folder", output=str(tmp_path)).overlay()
    assert overlay["codebooks"]["photographs"]["size"] == words
    assert overlay["datasets"]["photographs"]["chunks"] == parts
    assert overlay["experiments"]["photographs"]["asmk"]["topk"] == min(images, 100)


@pytest.mark.parametrize("rerank", [None, "homography"])
def test_the_overlay_is_a_valid_configuration(tmp_path, rerank):
    folder = photographs(tmp_path / "a", 40)
    spec = checked(Photographs(folder, rerank=rerank, topk=7, output=str(tmp_path / "out")).overlay())
    assert spec.entries["datasets"]["photographs"].queries is None
    assert list(spec.entries["experiments"]["photographs"].steps) == ([rerank] if rerank else [])
    assert spec.shared.gallery.topk == 7


def test_parts_stay_when_images_are_added(tmp_path):
    searched = Photographs(photographs(tmp_path / "a", 100), output=str(tmp_path / "out"))
    first = searched.overlay()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "search.yaml").write_text(yaml.safe_dump(first))
    photographs(tmp_path / "a", 150)
    assert searched.overlay()["datasets"]["photographs"]["chunks"] == first["datasets"]["photographs"]["chunks"] == 3


@pytest.mark.parametrize("content", ["datasets: {", "datasets: {}", "- 1", "datasets: {photographs: {chunks: many}}"])
def test_a_damaged_configuration_of_the_search_before_is_named(tmp_path, content):
    (tmp_path / "search.yaml").write_text(content)
    with pytest.raises(DataError, match=r"search\.yaml"):
        Photographs(photographs(tmp_path / "a", 3), output=str(tmp_path)).overlay()


def test_the_configuration_can_be_written_in_place_of_a_run(tmp_path, capsys):
    folder = photographs(tmp_path / "a", 3)
    assert main(["search", folder, "--config", str(tmp_path / "mine.yaml"), "--output", str(tmp_path / "out")]) == 0
    assert "snakemake --configfile" in capsys.readouterr().out
    content = yaml.safe_load((tmp_path / "mine.yaml").read_text())
    assert content["datasets"]["photographs"]["folder"] == folder and content["output"] == str(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_without_images_is_refused_before_anything_runs(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    (tmp_path / "empty").mkdir()
    assert main(["search", str(tmp_path / "empty"), "--output", str(tmp_path / "out")]) == 1
    assert "there is no image in this folder" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_outside_of_a_project_the_workflow_of_the_package_is_run(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["search", photographs(tmp_path / "a", 2), "--config", "mine.yaml"]) == 0
    assert f"--snakefile {ROOT / 'Snakefile'} " in capsys.readouterr().out
    (tmp_path / "Snakefile").touch()
    assert main(["search", photographs(tmp_path / "b", 2), "--config", "mine.yaml"]) == 0
    assert "--snakefile Snakefile " in capsys.readouterr().out


def test_what_snakemake_prints_becomes_a_bar(capsys):
    lines = ["localrule search:\n", "1 of 4 steps (25%) done\n", "rule gallery:\n", "4 of 4 steps (100%) done\n"]
    assert _follow(lines) == lines
    shown = capsys.readouterr().err
    assert "gallery" in shown and "4/4" in shown
