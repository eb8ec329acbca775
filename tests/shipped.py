"""The configuration that is shipped."""

import re

from paths import ROOT

from reprise.pipeline.config import load_yaml


def shipped_config() -> dict:
    """All files that the Snakefile names, merged section by section as Snakemake does it."""
    merged: dict = {}
    for file in re.findall(r'^configfile: "(.*)"$', (ROOT / "Snakefile").read_text(), re.MULTILINE):
        for section, content in load_yaml(ROOT / file).items():
            merged[section] = {**merged.get(section, {}), **content} if isinstance(content, dict) else content
    return merged
