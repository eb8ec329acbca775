"""Jobs that use no torch do not load it: to import it takes longer than most of them."""

import pickle
import subprocess
import sys

import h5py
import numpy as np
import pytest
import torch
from paths import ROOT

SCRIPTS = ROOT / "workflow" / "scripts"
# Those that run a network, or compute with torch for another reason.
HEAVY = {
    "calibrate", "describe_patches", "expand_global", "find_neighbors", "initialise_dinov2", "match_chunk",
    "match_sequences", "project_tokens", "score_pairs", "train_ames", "train_how", "train_itq",
}  # fmt: skip
# The statements with which scripts begin, one script after the other; the name of the first that loads torch.
IMPORTS = """
import ast, sys
for path in sys.argv[1:]:
    tree = ast.parse(open(path).read())
    tree.body = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    exec(compile(tree, path, "exec"), {})
    assert "torch" not in sys.modules, path
"""
RANKING = """
import sys
from reprise.neighbors.ranking import rank_neighbors
rank_neighbors(sys.argv[1], sys.argv[2], ["q", "r"], ["a", "b", "c"], [], {})
assert "torch" not in sys.modules
"""
SCORERS = """
import sys
from reprise.reranking.scorers import SCORERS, load_scorer
assert "ames" in SCORERS.names()
for name in SCORERS.names():
    load_scorer(name)
assert "torch" not in sys.modules
"""


def in_new_process(code, *arguments):
    result = subprocess.run([sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_scripts():
    light = [path for path in sorted(SCRIPTS.glob("*.py")) if path.stem not in HEAVY]
    assert {path.stem for path in light} > {"evaluate", "rank_neighbors", "rerank", "search", "sweep", "table"}
    in_new_process(IMPORTS, *light)


@pytest.mark.parametrize("convert", [np.asarray, torch.from_numpy])
def test_ranking_neighbors(tmp_path, convert):
    """The published files are of torch, and so are those of ``find_neighbors``."""
    content = np.array([[[0.9, 0.5, 0.1]] * 2, [[2, 0, 1], [1, 2, 0]]], np.float32)
    (tmp_path / "neighbors.pkl").write_bytes(pickle.dumps(convert(content)))
    in_new_process(RANKING, tmp_path / "neighbors.pkl", tmp_path / "ranking.h5")
    with h5py.File(tmp_path / "ranking.h5") as file:
        assert file


def test_scorers_give_a_new_order():
    in_new_process(SCORERS)
