"""The configuration that is shipped."""

import functools
import re

from paths import ROOT

from reprise.downloads.sources import read_sources
from reprise.pipeline.spec.config import read_config
from reprise.pipeline.spec.published import read_published
from reprise.storage.yaml_files import load_yaml


def shipped_config(*overlays) -> dict:
    """All files that the Snakefile names, and overlays of config/, merged key by key as Snakemake does it."""
    files = re.findall(r'^configfile: CONFIG / "(.*)"$', (ROOT / "Snakefile").read_text(), re.MULTILINE)
    merged: dict = {}
    for file in [*files, *overlays]:
        merge(merged, load_yaml(ROOT / "config" / file))
    return merged


@functools.cache
def sources() -> dict:
    """What sources.yaml says."""
    return read_sources(ROOT / "config" / "sources.yaml")


@functools.cache
def published() -> dict:
    """The published numbers of all tables."""
    return read_published(ROOT / "config" / "published")


def read(config: dict):
    """The settings of a configuration, checked."""
    return read_config(config, sources(), published())


def merge(merged: dict, content: dict) -> None:
    """Change ``merged`` by ``content``, key by key."""
    for key, value in content.items():
        if isinstance(value, dict) and isinstance(merged.get(key), dict):
            merge(merged[key], value)
        else:
            merged[key] = value
