"""The configuration of the project in the working directory, read without Snakemake."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reprise.downloads.sources import read_sources
from reprise.pipeline.spec.config import Spec, read_config
from reprise.pipeline.spec.like import merge
from reprise.pipeline.spec.published import read_published
from reprise.storage.errors import DataError
from reprise.storage.yaml_files import load_yaml

# Below the folder of the Snakefile, or below its folder of configurations.
_FILE = re.compile(r'^configfile: (CONFIG / )?"(.*)"$', re.MULTILINE)


def read_project(overlays: Sequence[str] = (), folder: Path = Path()) -> Spec:
    """Read the configuration files that the Snakefile names, with overlays, as Snakemake merges them.

    Args:
        overlays: further configuration files, of which the last counts
        folder: that of the project

    Raises:
        DataError: no Snakefile, no such file, or a configuration that is refused
    """
    snakefile = folder / "Snakefile"
    if not snakefile.is_file():
        raise DataError(f"{folder.absolute()}: there is no Snakefile here; go to the folder of the project first")
    merged: dict[str, Any] = {}
    named = _FILE.findall(snakefile.read_text(encoding="utf-8"))
    shipped = [folder / ("config" if below else "") / name for below, name in named]
    for file in [*shipped, *map(Path, overlays)]:
        if not file.is_file():
            raise DataError(f"{file}: this configuration file does not exist; check its name")
        content: Any = load_yaml(file)
        merged = merge(merged, content or {})
    sources = read_sources(folder / "config" / "sources.yaml")
    return read_config(merged, sources, read_published(folder / "config" / "published"))
