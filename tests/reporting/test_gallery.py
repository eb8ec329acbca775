"""What a gallery shows, and that names in it stay text."""

import dataclasses
import json
import re

import numpy as np
import pytest
from gallery_data import NAMES, QUERIES, gallery, landmarks, method
from PIL import Image

from reprise.datasets.folder import MADE
from reprise.datasets.images import Dataset, ImageList
from reprise.formats.rankings import RankedList, Ranking
from reprise.reporting.chance import chance_level
from reprise.reporting.gallery import Method, gallery_content
from reprise.storage.errors import DataError

RANKS = [[0, 1, 2, 3, 4, 5], [5, 0, 1, 2, 3, 4]]


def embedded(page):
    text = page.read_text(encoding="utf-8")
    return json.loads(re.search(r'<script type="application/json" id="content">(.*?)</script>', text, re.S)[1])


def test_results_have_the_levels_of_the_ground_truth(tmp_path):
    dataset = landmarks(tmp_path)
    content, pictures = gallery_content("t", [method("m", RANKS, dataset)], dataset, topk=4)
    found = content["queries"][0]["found"][0]["lists"]["all"]
    assert [level for _, _, level in found] == ["easy", "hard", "junk", "wrong"]
    assert [content["results"][number] for number, _, _ in found] == NAMES[:4]
    assert content["levels"] == ["easy", "hard", "junk", "wrong"]
    assert content["queries"][0]["box"] == [6.0, 8.0, 54.0, 72.0] and content["queries"][1]["box"] is None
    # Only what is shown is previewed: four of the first query, and the tower of the second.
    assert pictures.results.names == [*NAMES[:4], "tower"] and pictures.queries.names == QUERIES


def test_only_lists_of_images_are_levels(tmp_path):
    truth = [{"near": [0, 3], "panoramas": 12, "weights": np.ones(6)}] * 2
    dataset = dataclasses.replace(landmarks(tmp_path), ground_truth=truth, truth="places")
    content, _ = gallery_content("t", [Method("m", method("m", RANKS, landmarks(tmp_path)).ranking)], dataset)
    assert content["levels"] == ["near", "wrong"]
    first = content["queries"][0]["found"][0]["lists"]["all"]
    assert [level for _, _, level in first] == ["near", "wrong", "wrong", "near", "wrong", "wrong"]


def test_scores_are_those_of_the_evaluation(tmp_path):
    dataset = landmarks(tmp_path)
    content, _ = gallery_content("t", [method("m", RANKS, dataset)], dataset)
    precisions = [query["found"][0]["ap"] for query in content["queries"]]
    assert precisions[0] == {"easy": 100.0, "medium": 100.0, "hard": 100.0}
    assert precisions[1] == {"easy": None, "medium": 100.0, "hard": 100.0}
    assert content["methods"][0]["scores"]["medium"] == 100.0


def test_without_ground_truth_nothing_is_right_or_wrong(tmp_path):
    dataset = landmarks(tmp_path, truth=None)
    content, _ = gallery_content("t", [method("m", RANKS, dataset)], dataset)
    assert content["levels"] == [] and content["methods"][0]["scores"] == {}
    assert {level for _, _, level in content["queries"][0]["found"][0]["lists"]["all"]} == {""}


def test_an_image_that_was_not_compared_has_no_score(tmp_path):
    page = gallery(tmp_path, last=-np.inf)
    text = re.search(r'id="content">(.*?)</script>', page.read_text(encoding="utf-8"), re.DOTALL)[1]
    scores = [[score for _, score, _ in query["found"][0]["lists"]["all"]] for query in json.loads(text)["queries"]]
    assert all(row[-1] is None and None not in row[:-1] for row in scores)


def test_a_query_does_not_find_itself(tmp_path):
    whole = landmarks(tmp_path, truth=None)
    queries = ImageList(QUERIES, [whole.database.paths[2], whole.queries.paths[1]])
    dataset = Dataset(whole.database, queries)
    content, _ = gallery_content("t", [method("m", [[2, 0, 1, 3], [0, 1, 2, 3]], dataset)], dataset, topk=3)
    names = [
        [content["results"][number] for number, _, _ in query["found"][0]["lists"]["all"]]
        for query in content["queries"]
    ]
    assert names == [[NAMES[0], NAMES[1], NAMES[3]], NAMES[:3]]


def test_padded_and_enlarged_lists_are_shown_as_far_as_they_go(tmp_path):
    dataset = landmarks(tmp_path)
    others = Dataset(ImageList(["far", "near"], [tmp_path / "far.png", tmp_path / "near.png"]))
    # Of two distractors only the second is in a list, and has the number after those of the dataset.
    ranks = np.array([[6, 0, -1], [1, 6, 2]])
    ranking = Ranking(QUERIES, [*NAMES, "near"], {"all": RankedList(ranks, np.ones((2, 3)))}, 1, 8)
    content, pictures = gallery_content("t", [Method("m", ranking)], dataset, others)
    lists = [query["found"][0]["lists"]["all"] for query in content["queries"]]
    assert [[content["results"][number] for number, _, _ in found] for found in lists] == [
        ["near", NAMES[0]], [NAMES[1], "near", NAMES[2]],
    ]  # fmt: skip
    assert pictures.results.paths[0] == tmp_path / "near.png" and content["methods"][0]["searched"] == 8


def test_rankings_of_other_images_are_refused(tmp_path):
    dataset = landmarks(tmp_path)
    other = Ranking(QUERIES, NAMES[::-1], {"all": RankedList(np.zeros((2, 1), int), np.zeros((2, 1)))})
    with pytest.raises(DataError, match=r"m: the images of its ranking are not those of the dataset; delete"):
        gallery_content("t", [Method("m", other)], dataset)
    with pytest.raises(DataError, match="no queries"):
        gallery_content("t", [Method("m", other)], Dataset(dataset.database))


def test_names_stay_text(tmp_path):
    page = gallery(tmp_path)
    text = page.read_text(encoding="utf-8")
    assert text.count("<script") == 2 and text.count("</script") == 2  # the data, and the script of the page
    for markup in ("<b>", "<i>", "onerror=alert(2)>", "<script>alert"):
        assert markup not in text
    content = embedded(page)
    assert content["results"][:3] == NAMES[:3] and content["queries"][0]["name"] == QUERIES[0]


def test_previews_lie_beside_the_page_and_nothing_else_is_needed(tmp_path):
    page = gallery(tmp_path)
    content, folder = embedded(page), tmp_path / "page"
    previews = sorted(path.name for path in folder.iterdir())
    gone = content["results"].index("gone")
    assert content["sizes"]["d"][gone] is None
    assert previews == sorted(
        [f"d{n}.jpg" for n in range(6) if n != gone] + ["m0.js", "m1.js", "q0.jpg", "q1.jpg", MADE]
    )
    tower = content["results"].index("tower")
    with Image.open(folder / f"d{tower}.jpg") as preview:
        assert preview.size == (64, 20) and content["sizes"]["d"][tower] == [260, 80]
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", page.read_text(encoding="utf-8"))


def test_random_rankings_have_the_level_that_chance_gives(tmp_path):
    images = ImageList([str(number) for number in range(400)], [tmp_path] * 400)
    queries = ImageList([f"q{number}" for number in range(50)], [tmp_path] * 50)
    truth = [{"easy": range(100), "hard": range(100, 200), "junk": []}] * 50
    truth = [{level: np.array(list(rows), int) for level, rows in entry.items()} for entry in truth]
    found = chance_level(Dataset(images, queries, truth, "revisited"), ["map_revisited"])
    # Of 400 images, half are right (medium); a quarter of those 300 that are not junk would be a third (easy, hard).
    assert found["medium"] == pytest.approx(50, abs=1.5)
    assert found["easy"] == pytest.approx(100 / 3, abs=1.5) and found["hard"] == pytest.approx(100 / 3, abs=1.5)
    assert chance_level(Dataset(images, queries), []) == {}
