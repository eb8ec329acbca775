"""The picture of stages: each below what it takes files from, and nothing upon anything else."""

import itertools
import random
import re

import pytest

from reprise.reporting.stage_graph import stage_graph


def stages(after):
    return [{"stage": name, "jobs": 1, "seconds": 1.0, "bytes": 1, "after": before} for name, before in after.items()]


def ends(line):
    """The first and the last point of a path."""
    first = re.match(r"M(\d+) (\d+)", line).groups()
    return tuple(map(int, first)), tuple(map(int, re.search(r" (\d+) (\d+)$", line).groups()))


def drawn(after):
    """The graph, and the places of its stages, after a check of what holds of every graph."""
    graph = stage_graph(stages(after))
    width, height = graph["box"]
    places = {node["stage"]: (node["x"], node["y"]) for node in graph["nodes"]}
    for (x1, y1), (x2, y2) in itertools.combinations(places.values(), 2):
        assert y1 != y2 or abs(x1 - x2) > width
    assert all(x >= 0 and y >= 0 for x, y in places.values())
    assert graph["width"] >= max(x for x, _ in places.values()) + width
    assert graph["height"] == max(y for _, y in places.values()) + height
    joined = set()
    for line in graph["lines"]:
        (x1, y1), (x2, y2) = ends(line)
        first = next(name for name, (x, y) in places.items() if abs(x + width / 2 - x1) <= 1 and y + height == y1)
        last = next(name for name, (x, y) in places.items() if abs(x + width / 2 - x2) <= 1 and y == y2)
        joined.add((first, last))
        assert y1 < y2
    return joined, places


def test_every_stage_is_below_what_it_takes_files_from():
    after = {"a": [], "b": ["a"], "c": ["a", "b"], "d": ["a", "c"]}
    joined, places = drawn(after)
    assert joined == {("a", "b"), ("a", "c"), ("b", "c"), ("a", "d"), ("c", "d")}
    assert [y for _, y in places.values()] == sorted({y for _, y in places.values()})


def test_stages_side_by_side_do_not_overlap():
    _, places = drawn({"a": [], "b": [], "c": ["a", "b"], "d": ["a"], "e": ["b"], "f": ["c", "d", "e"]})
    assert places["c"][1] == places["d"][1] == places["e"][1]


def test_what_goes_back_has_no_line():
    joined, _ = drawn({"search": [], "expand": ["rerank"], "rerank": ["search", "expand"], "table": ["rerank"]})
    assert ("rerank", "expand") not in joined and ("expand", "rerank") in joined


@pytest.mark.parametrize("seed", range(5))
def test_any_graph(seed):
    draw = random.Random(seed)
    names = [f"stage {number}" for number in range(25)]
    after = {name: draw.sample(names[:place], min(place, draw.randint(0, 3))) for place, name in enumerate(names)}
    joined, _ = drawn(after)
    assert len(joined) == sum(map(len, after.values()))


def test_one_stage():
    graph = stage_graph(stages({"table": []}))
    assert graph["lines"] == [] and graph["nodes"][0]["x"] == 0
