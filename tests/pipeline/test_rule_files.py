"""All rule files share one space of names, in which a later definition takes the place of an earlier one."""

import re
from collections import Counter

from paths import ROOT

from reprise.cli.words import noun

_IMPORTED = re.compile(r"^from [\w.]+ import (?:\(([^)]*)\)|(.*))$", re.MULTILINE)
_DEFINED = re.compile(r"^(?:def (\w+)\(|([A-Z_]+) = |(?:use rule \w+ as|rule|checkpoint) (\w+))", re.MULTILINE)


def test_nothing_is_defined_twice():
    files = [ROOT / "Snakefile", *sorted((ROOT / "rules").glob("*.smk"))]
    texts = [file.read_text() for file in files]
    names = Counter(name for text in texts for found in _DEFINED.findall(text) for name in set(filter(None, found)))
    lists = [name for text in texts for found in _IMPORTED.findall(text) for name in "".join(found).split(",")]
    names.update(filter(None, map(str.strip, lists)))
    assert names["evaluate"] == names["evaluated_features"] == 1  # the pattern finds rules and functions
    assert names["read_config"] == names["table_rows"] == 1  # and what is imported, on one line or several
    assert [name for name, count in names.items() if count > 1] == []


def test_every_rule_that_makes_files_has_a_noun():
    rules = {
        name for file in (ROOT / "rules").glob("*.smk") for _, _, name in _DEFINED.findall(file.read_text()) if name
    }
    assert [rule for rule in sorted(rules) if noun(rule)[0].endswith(" job")] == []
