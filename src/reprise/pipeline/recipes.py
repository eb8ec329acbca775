"""What makes a job stale: the slice of the configuration that its stage reads, and the code that it runs.

The slice of each stage stands with its rule. It lists exactly the settings that the stage reads; a change of any other
setting leaves its files alone. Settings that cannot change a number (chunks, threads) are in no slice.
"""

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reprise.pipeline.fingerprint import fingerprint
from reprise.reporting.metrics import metric_module
from reprise.reranking.scorers import scorer_module
from reprise.storage.modules import module_of

# What these stages make is checked by hashes and sizes, so another way of fetching it makes nothing stale.
_TRANSPORT = ("download", "unpack")


def make_recipe(stage: str, parameters: Mapping[str, Any], scripts: Path) -> str:
    """The one param of a job.

    Args:
        stage: the rule, and the name of its script
        parameters: the slice of the configuration that the stage reads
        scripts: the folder with one script per stage

    Returns:
        Canonical JSON of the stage, its slice, the modules that it loads by name, and the fingerprint of its code.
    """
    modules = loaded_modules(parameters)
    recipe = {
        "stage": stage,
        "parameters": parameters,
        "modules": modules,
        "code": None if stage in _TRANSPORT else _code(scripts / f"{stage}.py", tuple(modules)),
    }
    return json.dumps(recipe, sort_keys=True)


@functools.cache  # a plan is of the code as it was when the plan began, and has thousands of jobs
def _code(script: Path, modules: tuple[str, ...]) -> str:
    return fingerprint(script, modules)


def loaded_modules(parameters: Mapping[str, Any]) -> list[str]:
    """The modules that a job loads by a name of its slice, so that no import statement shows them.

    A description of a dataset has a ``layout``, wherever it stands in the slice, and one of an extractor a ``type``; a
    ``scorer``, ``metrics`` and the ``system`` of a training are named as such.
    """
    found: set[str] = set()

    def look(value: object) -> None:
        if not isinstance(value, Mapping):
            return
        if "layout" in value:
            found.add(module_of("reprise.datasets", value["layout"]))
        if "type" in value:
            found.add(module_of("reprise.extractors", value["type"]))
        if "system" in value:
            found.add(module_of("reprise.training", value["system"]))
        if "scorer" in value:
            found.add(scorer_module(value["scorer"]))
        found.update(map(metric_module, value.get("metrics", ())))
        for inner in value.values():
            look(inner)

    look(parameters)
    return sorted(found)
