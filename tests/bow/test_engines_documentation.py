"""The configuration in docs/retrieval-engines.md means what the page says; other examples are run with all others."""

import copy
import re

import yaml
from paths import ROOT
from shipped import merge, read, shipped_config

PAGE = ROOT / "docs" / "retrieval-engines.md"


def test_the_configuration_of_the_page_is_valid():
    config = copy.deepcopy(shipped_config())
    (overlay,) = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    merge(config, yaml.safe_load(overlay))
    config["codebooks"]["million"] = {**config["codebooks"]["rootsift"], "size": "1M", "index": "approximate"}
    values = read(config).values()["experiments"]
    assert values["hqe"]["hamming"]["expansion"]["shortlist"] == 100
    assert values["bow_sv_qe"]["ranking"] == "bow_sv_qe.expand"
