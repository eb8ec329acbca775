"""The nearest target to a misspelt one."""

import pytest

from reprise.cli.nearest import _pattern, nearest

PATTERNS = [
    ("results/{table}.csv", {"table": ["table2", "rootsift"]}),
    ("results/evaluations/{experiment}/{searched}.json",
     {"experiment": ["how_r18_1000", "how_r50-_1000"], "searched": ["roxford5k", "rparis6k", "roxford5k+r1m"]}),
    ("results/report.html", {}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("results/tabel2.csv", "results/table2.csv"),
        ("results/rotsift.csv", "results/rootsift.csv"),
        ("table2.csv", "results/table2.csv"),
        ("results/reprot.html", "results/report.html"),
        ("results/evaluations/how_r18_100/roxfrd5k.json", "results/evaluations/how_r18_1000/roxford5k.json"),
        ("something/else/entirely", None),
        ("x", None),
    ],
)
def test_the_parts_of_a_path_are_compared_one_by_one(target, expected):
    assert nearest(target, PATTERNS) == expected


def test_names_of_wildcards_are_read_from_the_patterns_of_snakemake():
    assert _pattern(r"r/{table,table2|how_r50\-}.csv") == ("r/{table}.csv", {"table": ["table2", "how_r50-"]})
    assert _pattern(r"r/{chunk,\d+}-of-{chunks,\d+}.h5") is None and _pattern("r/{any}.h5") is None
