"""Into how many parts a data set is cut changes no number."""

import json

import pytest

pytestmark = pytest.mark.workflow

SCORES = "results/evaluations/sift_tiny/landmarks.json"


def test_more_chunks_than_images_give_the_same_scores(copied):
    before = json.loads((copied.folder / SCORES).read_text())["scores"]
    copied.config["datasets"]["landmarks"]["chunks"] = 9  # for 8 images
    copied.write_config()
    assert copied.planned(targets=[SCORES])["extract_chunk"] == 9
    copied.run(targets=[SCORES])
    assert json.loads((copied.folder / SCORES).read_text())["scores"] == before
