"""Into how many parts a data set is cut changes no number."""

import json

import pytest
from workspace import Workspace

pytestmark = pytest.mark.workflow

SCORES = "results/evaluations/sift_tiny/landmarks.json"


def test_more_chunks_than_images_give_the_same_scores(tmp_path, finished):
    space = Workspace(tmp_path / "workspace")
    space.config["datasets"]["landmarks"]["chunks"] = 11  # for 8 images
    space.write_config()
    space.run(targets=[SCORES])
    scores = [json.loads((folder / SCORES).read_text())["protocols"] for folder in (space.folder, finished.folder)]
    assert scores[0] == scores[1]
