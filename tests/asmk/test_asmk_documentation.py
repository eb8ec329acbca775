"""The examples in docs/asmk.md."""

import doctest

from paths import ROOT


def test_every_example_of_the_page():
    failures, examples = doctest.testfile(str(ROOT / "docs" / "asmk.md"), module_relative=False)
    assert examples > 20
    assert not failures
