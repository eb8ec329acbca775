"""A small gallery with names that must not become markup."""

import numpy as np
from PIL import Image

from reprise.asmk import Explanation, Shares
from reprise.datasets.images import Dataset, ImageList
from reprise.formats.rankings import ALL, RankedList, Ranking
from reprise.formats.strongest import Strongest
from reprise.reporting.evaluations import evaluate_ranking
from reprise.reporting.gallery import Drawn, Method, gallery_content, write_gallery
from reprise.reporting.gallery.match_lines import inlier_lines, word_lines
from reprise.reranking.matched_points import MatchedPoints

NAMES = ["plain", "<script>alert(1)</script>", "</script><b>'\"&", "größer 日本", "gone", "tower"]
QUERIES = ["<img src=x onerror=alert(2)>", "second"]
TRUTH = [{"easy": [0], "hard": [1], "junk": [2]}, {"easy": [], "hard": [5], "junk": []}]


def draw(folder, names, prefix):
    """One image per name; that of "gone" is no image."""
    folder.mkdir(exist_ok=True)
    paths = []
    for number, name in enumerate(names):
        paths.append(folder / f"{prefix}{number}.png")
        Image.new("RGB", (60 + 40 * number, 80), (40 * number, 90, 160)).save(paths[-1])
        if name == "gone":
            paths[-1].write_bytes(b"no image")
    return paths


def landmarks(folder, truth=TRUTH):
    """A dataset of six images and two queries, the first of which has a box."""
    database = ImageList(NAMES, draw(folder, NAMES, "d"))
    queries = ImageList(QUERIES, draw(folder, QUERIES, "q"), [(6.0, 8.0, 54.0, 72.0), None])
    return Dataset(database, queries, truth, "revisited" if truth else None)


def method(name, ranks, dataset, **options):
    """A method with the ranks that are given."""
    ranks = np.array(ranks)
    scores = np.linspace(1, 0.1, ranks.size).reshape(ranks.shape)
    ranking = Ranking(QUERIES, NAMES, {ALL: RankedList(ranks, scores)}, **options)
    evaluation = evaluate_ranking(ranking, dataset, ["map_revisited"], [1]) if dataset.ground_truth else None
    return Method(name, ranking, evaluation)


class Inliers:
    """The corners of both images, related by a halving, of every pair but those with the third image."""

    kind = "inliers"

    def match(self, query, images):
        del query
        points = np.array([[6.0, 8.0], [54.0, 8.0], [54.0, 72.0]], np.float32)
        found = MatchedPoints(points, points / 2, 9, np.diag([0.5, 0.5, 1.0]))
        none = MatchedPoints(points[:0], points[:0], 5, None)
        return [inlier_lines(none if image == 2 else found) for image in images]


class Words:
    """Two words of every pair, which give six and one of seven parts of the score."""

    kind = "words"

    def match(self, query, images):
        del query
        features = Strongest(np.arange(3), np.zeros((3, 2)), np.array([[10.0, 10.0], [30.0, 40.0], [50.0, 60.0]]))
        shares = Shares(np.array([0, 1, 2]), np.array([0, 0, 1]), np.array([0.4, 0.2, 0.1]))
        one = Shares(np.array([2, 0]), np.array([0, 1]), np.array([0.6, 0.1]))
        told = Explanation(0.7, np.array([77, 5]), np.array([0.6, 0.1]), shares, one)
        return [word_lines(told, features, features) for _ in images]


def gallery(folder, truth=TRUTH, methods=2, drawn=None, last=0.1):
    """Write a gallery of one or two methods, with matches on their first five images; returns the page.

    The last image of every query has the score ``last``.
    """
    dataset = landmarks(folder / "images", truth)
    good, bad = [[0, 1, 2, 3, 4, 5], [5, 0, 1, 2, 3, 4]], [[3, 4, 0, 2, 1, 5], [5, 4, 3, 2, 1, 0]]
    shown = [method("good & <b>bold", good, dataset), method("bad", bad, dataset)][:methods]
    for each in shown:
        each.ranking.lists[ALL].scores[:, -1] = last
    content, pictures = gallery_content("A <i>title", shown, dataset)
    drawn = drawn or [Drawn(Words()), Drawn(Inliers(), "of the query & <itself>")][:methods]
    write_gallery(
        folder / "page.html", folder / "page", content, pictures, pixels=64, matches=5,
        drawn=drawn,
    )  # fmt: skip
    return folder / "page.html"
