"""All rule files share one space of names, in which a later definition takes the place of an earlier one."""

import re
from collections import Counter

from paths import ROOT

from reprise.cli.words import noun

_DEFINED = re.compile(r"^(?:def (\w+)\(|([A-Z_]+) = |(?:use rule \w+ as|rule|checkpoint) (\w+))", re.MULTILINE)


def test_nothing_is_defined_twice():
    files = [ROOT / "Snakefile", *sorted((ROOT / "rules").glob("*.smk"))]
    names = Counter(
        name for file in files for found in _DEFINED.findall(file.read_text()) for name in set(filter(None, found))
    )
    assert names["evaluate"] == names["evaluated_features"] == 1  # the pattern finds rules and functions
    assert [name for name, count in names.items() if count > 1] == []


def test_every_rule_that_makes_files_has_a_noun():
    rules = {
        name for file in (ROOT / "rules").glob("*.smk") for _, _, name in _DEFINED.findall(file.read_text()) if name
    }
    assert [rule for rule in sorted(rules) if noun(rule)[0].endswith(" job")] == []
