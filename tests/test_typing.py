"""A user's program under ``mypy --strict`` sees the types of the public names."""

import ast
import re
import subprocess
import sys

from paths import ROOT

from reprise.extractors.registry import EXTRACTORS

# What torch and others say of themselves is not read, which would take ten seconds.
SETTINGS = """
[mypy]
strict = true
[mypy-torch.*,kornia.*,cv2.*,matplotlib.*,scipy.*]
follow_imports = skip
"""
PROGRAM = """
from pathlib import Path

import numpy as np

import reprise
from reprise.asmk import ASMK, Codebook
from reprise.descriptors import load_descriptor
from reprise.detectors import load_detector
from reprise.evaluation import evaluate_revisited
from reprise.extractors import load_extractor
from reprise.formats.features import open_features
from reprise.storage import load_pickle

reveal_type(reprise.__version__)
reveal_type(reprise.search(Path("photographs"), topk=3))
reveal_type(load_pickle)
reveal_type(load_extractor("rootsift").extract("a.jpg"))
reveal_type(load_extractor("dinov2", checkpoint="a.pth").extract("a.jpg"))
reveal_type(load_extractor("my.package:Extractor").extract("a.jpg"))
codebook = Codebook.train(np.zeros((9, 2)), 2)
reveal_type(codebook.assign(np.zeros((9, 2))))
engine = ASMK(codebook).index(np.zeros((9, 2)), np.zeros(9, int))
reveal_type(engine)
reveal_type(engine.search(np.zeros((9, 2)), np.zeros(9, int)))
reveal_type(evaluate_revisited(np.zeros((1, 2), int), [])["easy"].map)
keypoints = load_detector("sift").detect(np.zeros((4, 4, 3), np.uint8))
reveal_type(keypoints)
reveal_type(load_descriptor("sift").describe(np.zeros((4, 4, 3), np.uint8), keypoints))
reveal_type(open_features("features.h5"))
codebook.train(np.zeros((9, 2)), "2")
"""
ARRAY = "numpy.ndarray[tuple[Any, ...], numpy.dtype[Any]]"
REVEALED = [
    "str",
    "dict[str, list[tuple[str, float]]]",
    "def (path: str | os.PathLike[Any], *, tensors_as_arrays: bool =) -> Any",
    "reprise.formats.arrays.LocalFeatures",
    "reprise.extractors.dense.CellFeatures",
    "Any",
    ARRAY,
    "reprise.asmk.asmk.ASMK",
    "reprise.asmk.queries.Rankings",
    "float",
    "reprise.detectors.keypoints.Keypoints",
    ARRAY,
    "reprise.formats.feature_reader.Features",
]
STUB = ROOT / "src" / "reprise" / "extractors" / "__init__.pyi"


def test_the_types_of_public_names_are_seen(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "mypy.ini").write_text(SETTINGS)
    command = [sys.executable, "-m", "mypy", "--config-file", "mypy.ini", "program.py"]
    said = subprocess.run(command, cwd=tmp_path, text=True, capture_output=True).stdout
    assert re.findall(r'Revealed type is "(.*)"', said) == REVEALED, said
    (error,) = (line for line in said.splitlines() if "error:" in line)
    assert '"train" of "Codebook" has incompatible type "str"; expected "int"' in error


def test_the_types_of_all_extractors_are_stated():
    literals = [node for node in ast.walk(ast.parse(STUB.read_text())) if isinstance(node, ast.Subscript)]
    names = {each.value for node in literals for each in ast.walk(node) if isinstance(each, ast.Constant)}
    assert names == set(EXTRACTORS.names())
