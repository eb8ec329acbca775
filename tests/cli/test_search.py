"""``reprise search``: the configuration that it makes, and what it refuses."""

import io

import pytest
import yaml
from paths import ROOT
from PIL import Image
from shipped import merge, read, shipped_config

from reprise.cli.main import main
from reprise.cli.photographs import Photographs
from reprise.cli.search import _warnings
from reprise.storage.errors import DataError

PICTURE = io.BytesIO()
Image.new("RGB", (16, 16)).save(PICTURE, "JPEG")


def photographs(folder, count):
    folder.mkdir(exist_ok=True)
    for number in range(count):
        (folder / f"{number}.jpg").write_bytes(PICTURE.getvalue())
    return str(folder)


@pytest.fixture(autouse=True)
def project(monkeypatch):
    """The working directory is the folder of the project."""
    monkeypatch.chdir(ROOT)


def checked(overlay, *files):
    """The overlay upon what is shipped, checked as the workflow checks it."""
    config = shipped_config(*files)
    merge(config, overlay)
    return read(config)


@pytest.mark.parametrize(
    ("images", "words", "parts"), [(1, 16, 1), (78, 1024, 2), (500, 4096, 15), (100_000, 65536, 3125)]
)
def test_words_and_parts_follow_from_the_number_of_images(tmp_path, monkeypatch, images, words, parts):
    monkeypatch.setattr("reprise.cli.photographs.images_below", lambda folder: range(images))
    monkeypatch.setattr("reprise.cli.photographs.without", lambda found, names: found)
    monkeypatch.setattr(Photographs, "damaged", lambda searched: {})
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
    monkeypatch.chdir(ROOT)
    assert main(["search", photographs(tmp_path / "b", 2), "--config", str(tmp_path / "mine.yaml")]) == 0
    assert "--snakefile Snakefile " in capsys.readouterr().out


def overlay(tmp_path, **asked):
    return Photographs(photographs(tmp_path / "a", 40), output=str(tmp_path / "out"), **asked).overlay()


def test_global_descriptors_are_searched_where_the_configuration_compares_them(tmp_path):
    made = overlay(tmp_path, extractor="dinov2", topk=5)
    assert made["neighbors"]["photographs"] == {"extractor": "dinov2", "descriptor": "cls", "count": 40}
    assert made["experiments"]["photographs"]["search"] == "global" and "codebooks" not in made
    checked(made)
    local = overlay(tmp_path, extractor="dinov2", search="asmk")
    assert local["codebooks"]["photographs"]["num_features"] == 700
    checked(local)


def test_how_gives_its_global_descriptor_where_it_is_asked_for(tmp_path):
    made = overlay(tmp_path, extractor="how_r18", search="global")
    assert made["extractors"]["photographs"] == {"like": "how_r18", "global_descriptor": True}
    spec = checked(made)
    assert spec.entries["neighbors"]["photographs"].extractor == "photographs"
    assert spec.entries["extractors"]["photographs"].global_descriptors() == ("global",)


@pytest.mark.parametrize(("extractor", "weight"), [(None, 0.5), ("dinov2", 0.5), ("cvnet", 0.85)])
def test_ames_reranks_with_the_settings_of_the_experiment_that_is_configured(tmp_path, extractor, weight):
    made = overlay(tmp_path, extractor=extractor, rerank="ames")
    spec = checked(made)
    (step,) = spec.entries["experiments"]["photographs"].steps.values()
    assert (step.similarity_weight, step.shortlist, step.rerank) == (weight, 40, "photographs")
    reranker = spec.entries["rerankers"]["photographs"]
    assert reranker.extractor == (extractor or "dinov2") and reranker.checkpoint == f"{reranker.extractor}_ames"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"extractor": "rootsift", "rerank": "ames"}, "no AMES network .* features of rootsift; .*: dinov2, cvnet"),
        ({"extractor": "dinov2", "rerank": "homography"}, "needs keypoints, which features of dinov2 do not have"),
        ({"extractor": "rootsfit"}, "--extractor: unknown name 'rootsfit'; did you mean 'rootsift'"),
        ({"search": "global"}, "rootsift gives no global descriptor; name an extractor that does, such as .*how_r18"),
        ({"extractor": "dinov2", "codebook": "rootsift"}, "has no visual words; leave it out"),
        ({"codebook": "rootsfit"}, "--codebook: unknown name 'rootsfit'; did you mean 'rootsift'"),
        ({"codebook": "how_r18_1000"}, "trained on features of how_r18.*, which are others than those of rootsift"),
        ({"codebook": "rootsift"}, r"codebooks/rootsift.h5 is not there; make it first: snakemake --configfile"),
        ({"extractor": "how_r18_trained"}, r"models/how_r18/best.pth: is not there, .* make them first: snakemake"),
    ],
)
def test_what_is_not_there_or_does_not_fit_is_named(tmp_path, asked, message):
    (tmp_path / "empty.yaml").write_text(yaml.safe_dump({"output": str(tmp_path / "nothing")}))
    with pytest.raises(DataError, match=message):
        overlay(tmp_path, configfiles=(str(tmp_path / "empty.yaml"),), **asked)


def test_what_was_made_by_the_configuration_is_used(tmp_path):
    files = [tmp_path / "made" / name for name in ("codebooks/mine.h5", "models/how_r18/best.pth")]
    for file in files:
        file.parent.mkdir(parents=True)
        file.write_bytes(b"")
    content = {
        "output": str(tmp_path / "made"),
        "codebooks": {"mine": {"like": "how_r18_1000", "extractor": "how_r18_trained"}},
    }
    (tmp_path / "made.yaml").write_text(yaml.safe_dump(content))
    asked = {"extractor": "how_r18_trained", "codebook": "mine", "configfiles": (str(tmp_path / "made.yaml"),)}
    made = overlay(tmp_path, **asked)
    assert made["codebooks"]["photographs"]["file"] == str(files[0])
    assert made["extractors"]["photographs"] == {"like": "how_r18_trained", "checkpoint": str(files[1])}
    config = shipped_config()
    merge(config, content)
    merge(config, made)
    read(config)
    files[1].unlink()
    with pytest.raises(DataError, match=r"extractors\.photographs\.checkpoint: there is no file"):
        read(config)


def test_damaged_images_are_left_out_and_looked_at_once(tmp_path, monkeypatch):
    folder = tmp_path / "a"
    searched = Photographs(photographs(folder, 3), output=str(tmp_path / "out"))
    (tmp_path / "out").mkdir()
    (folder / "broken.png").write_bytes(b"no image")
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "cut.jpg").write_bytes(PICTURE.getvalue()[:-2])
    (folder / "link.jpg").symlink_to("nothing.jpg")
    (folder / "circle.jpg").symlink_to("circle.jpg")
    made = searched.overlay()
    left_out = ["broken.png", "circle.jpg", "cut.jpg", "empty.jpg", "link.jpg"]
    assert made["datasets"]["photographs"]["leave_out"] == left_out
    assert made["experiments"]["photographs"]["asmk"]["topk"] == 3
    checked(made)
    monkeypatch.setattr("reprise.cli.undecodable.check_decodable", None)  # would be an error if it were called
    assert "empty.jpg: cannot be read as an image (the file is empty)" in searched.damaged()["empty.jpg"]
    assert "link.jpg: cannot be read (No such file" in searched.damaged()["link.jpg"]
    for number in range(3):
        (folder / f"{number}.jpg").unlink()
    with pytest.raises(DataError, match=r"all 5 images are left out"):
        searched.overlay()


def test_queries_that_cannot_be_decoded_are_named_before_anything_runs(tmp_path):
    queries = tmp_path / "q"
    photographs(queries, 1)
    (queries / "bad <b>.jpg").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"(?s)q: 1 query cannot be decoded:.*bad <b>.jpg: cannot be read as an image"):
        Photographs(photographs(tmp_path / "a", 2), str(queries), output=str(tmp_path / "out")).overlay()


def test_an_image_of_too_many_pixels_is_left_out_without_being_decoded(tmp_path):
    folder = tmp_path / "a"
    photographs(folder, 1)
    (folder / "huge.ppm").write_bytes(b"P6 100000 100000 255\n" + bytes(100))
    damaged = Photographs(str(folder)).damaged()
    assert list(damaged) == ["huge.ppm"] and "pixels" in damaged["huge.ppm"]


def test_queries_that_are_in_the_database_are_named_with_the_remedy(tmp_path):
    folder = tmp_path / "a"
    photographs(folder, 2)
    (tmp_path / "q").mkdir()
    Image.new("RGB", (9, 9), "red").save(folder / "red.png")
    Image.new("RGB", (9, 9), "red").save(tmp_path / "q" / "copy.png")
    Image.new("RGB", (9, 9), "blue").save(tmp_path / "q" / "blue.png")
    searched = Photographs(str(folder), str(tmp_path / "q"), output=str(tmp_path / "out"))
    (line,) = _warnings(searched)
    assert "In the database, too: 1 query ('copy.png' is 'red.png'); a copy is found first unless you take" in line
    assert _warnings(Photographs(str(folder), output=str(tmp_path / "out"))) == []
