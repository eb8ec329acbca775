"""Searching a folder of one's own: what is found, and what is computed again when images are added."""

import shutil
import subprocess
import sys

import pytest
from workspace import Workspace

from reprise.formats.rankings import read_ranking

pytestmark = pytest.mark.workflow
OUT = "results/searches/shots"
NAME = 'it\'s "<script>" ö{}.JPG'


@pytest.fixture(scope="module")
def shots(tmp_path_factory):
    """A workspace beside a folder with three views of four landmarks, in subfolders, with names that are markup."""
    space = Workspace(tmp_path_factory.mktemp("search"))
    for view in range(3):
        folder = space.folder / "shots" / f"view {view}"
        folder.mkdir(parents=True)
        for landmark in range(4):
            shutil.copy(
                space.folder / "landmarks" / "jpg" / f"landmark{landmark}_{view}.jpg", folder / NAME.format(landmark)
            )
    return space


def search(space, *arguments):
    result = subprocess.run(
        [sys.executable, "-m", "reprise.cli.main", "search", *arguments, "--cores", "2"],
        cwd=space.folder, env=space.environment(), text=True, capture_output=True,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr[-3000:]
    return result.stdout


def test_a_folder_is_searched_for_each_of_its_images(shots):
    said = search(shots, "shots")
    page = shots.folder / OUT / "galleries" / "photographs" / "photographs.html"
    assert page.as_uri() in said and page.is_file()
    assert '<script>" ö' not in page.read_text(encoding="utf-8")  # what is a name is no markup
    ranking = read_ranking(shots.folder / OUT / "rankings" / "photographs" / "photographs.h5")
    assert len(ranking.query_names) == len(ranking.database_names) == 12
    right = 0
    for query in ranking.query_names:
        first, second = (name for name, _ in ranking.of(query)[:2])
        assert first == query
        right += second.rpartition("/")[2] == query.rpartition("/")[2]
    assert right >= 7  # by chance two of the twelve; there are few words
    # Features are extracted once, though the images are database and queries.
    assert len(list((shots.folder / OUT / "features").rglob("*-of-*.h5"))) == 1


def test_an_added_image_is_found_and_an_image_that_cannot_be_decoded_is_left_out(shots):
    shutil.copy(shots.folder / "landmarks" / "jpg" / "landmark2_0.jpg", shots.folder / "shots" / "new.jpg")
    (shots.folder / "shots" / "broken.png").write_bytes(b"no image")
    query = shots.folder / "landmarks" / "jpg" / "landmark2_1.jpg"
    search(shots, "shots", str(shots.folder / "landmarks" / "jpg" / "landmark0_1.jpg"), "--topk", "4")
    (features,) = (shots.folder / OUT / "features").rglob("database.*-of-*.h5")
    extracted = features.stat().st_mtime_ns
    search(shots, "shots", str(query), "--rerank", "homography", "--topk", "4")
    ranking = read_ranking(shots.folder / OUT / "rankings" / "photographs" / "photographs.h5")
    assert ranking.query_names == ["landmark2_1.jpg"]
    assert features.stat().st_mtime_ns == extracted  # another query leaves the database as it is
    found = [name for name, _ in ranking.of("landmark2_1.jpg")]
    assert set(found[:4]) == {*(f"view {view}/{NAME.format(2)}" for view in range(3)), "new.jpg"}
