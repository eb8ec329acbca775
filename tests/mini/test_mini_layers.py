"""Releases import the world, never the other way; what plans ask for imports nothing that draws."""

import ast
import os
import subprocess
import sys

import pytest
from paths import ROOT

from reprise.pipeline.fingerprint import PACKAGE

WORLD = sorted((PACKAGE / "mini" / "world").glob("*.py"))


@pytest.mark.parametrize("path", WORLD, ids=lambda path: path.stem)
def test_the_world_knows_no_release(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert not node.module.startswith("reprise.mini.releases"), f"{path}:{node.lineno}"


def test_a_plan_of_the_workflow_loads_nothing_that_draws_or_learns():
    code = """
import sys
import reprise.pipeline.paths, reprise.pipeline.recipes
from shipped import read, shipped_config
read(shipped_config())
print(*sys.modules)
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    loaded = run.stdout.split()
    assert not {"cv2", "torch", "faiss", "pycolmap", "PIL", "reprise.mini.world"} & set(loaded)
