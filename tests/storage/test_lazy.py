"""Packages that import their public names on demand."""

import importlib
import subprocess
import sys

import pytest

from reprise.pipeline.fingerprint import PACKAGE

LAZY = [
    file.parent.name for file in sorted(PACKAGE.glob("*/__init__.py")) if "lazily(" in file.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("name", LAZY)
def test_every_public_name_is_there(name):
    package = importlib.import_module(f"reprise.{name}")
    for public in package.__all__:
        assert getattr(package, public).__name__ == public


@pytest.mark.parametrize("name", LAZY)
def test_another_name_is_an_attribute_error(name):
    package = importlib.import_module(f"reprise.{name}")
    with pytest.raises(AttributeError, match=rf"module 'reprise\.{name}' has no attribute 'nothing'"):
        package.nothing  # noqa: B018


def test_settings_are_read_without_what_only_jobs_need():
    modules = "reprise.asmk.settings, reprise.codebooks.sizes, reprise.training.how, reprise.training.ames"
    code = f"import sys, {modules}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "faiss", "cv2"} & set(loaded)
