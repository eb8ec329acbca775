"""Recipes, which decide whether a job is stale: the settings that its stage reads, and the code that it runs.

The settings of each stage are listed with its rule. They are exactly those that the stage reads; a change of any other
setting leaves its files current. Settings that cannot change a number (chunks, threads) are in no recipe.
"""

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reprise.datasets.reading import LAYOUTS
from reprise.descriptors.registry import DESCRIPTORS
from reprise.detectors.registry import DETECTORS
from reprise.extractors.registry import EXTRACTORS
from reprise.images.preparations import PREPARATIONS
from reprise.pipeline.fingerprint import fingerprint
from reprise.pipeline.recipe_text import RecipeText
from reprise.reporting.metrics import METRICS
from reprise.reranking.scorers import SCORERS
from reprise.storage.modules import NamedModules
from reprise.training.settings import TRAININGS

# Outputs of these stages are checked by hashes and sizes, so other code that downloads them makes nothing stale.
_TRANSPORT = ("download", "check_list", "unpack", "unpack_archive", "list_unpacked")

# What the parts of an extractor are.
_PARTS: Mapping[str, NamedModules] = {"detector": DETECTORS, "descriptor": DESCRIPTORS}
_PREPARATIONS = ("preparation", "descriptor_preparation")


def make_recipe(stage: str, parameters: Mapping[str, Any], scripts: Path) -> str:
    """Make the recipe of a job, its only param.

    Args:
        stage: the rule, and the name of its script
        parameters: the settings that the stage reads
        scripts: the folder with one script per stage

    Returns:
        canonical JSON of the stage, its settings, the modules that it loads by name, and the fingerprint of its code
    """
    modules = loaded_modules(parameters)
    recipe = {
        "stage": stage,
        "parameters": parameters,
        "modules": modules,
        "code": None if stage in _TRANSPORT else _code(scripts / f"{stage}.py", tuple(modules)),
    }
    return RecipeText(json.dumps(recipe, sort_keys=True))


@functools.cache  # a plan has thousands of jobs, and refers to the code as it was when the plan began
def _code(script: Path, modules: tuple[str, ...]) -> str:
    return fingerprint(script, modules)


def loaded_modules(parameters: Mapping[str, Any]) -> list[str]:
    """List the modules that a job loads by names in its settings, which no import statement shows.

    A description of a dataset has a ``layout``, at any level of the settings, and one of an extractor, or of the
    ``detector`` and the ``descriptor`` in it, a ``type``; a ``preparation``, a ``scorer``, ``metrics`` and the
    ``system`` of a training are named as such.
    """
    found: set[str] = set()

    def look(value: object, kind: NamedModules = EXTRACTORS) -> None:
        if not isinstance(value, Mapping):
            return
        if "layout" in value:
            found.add(LAYOUTS.full_name(value["layout"]))
        if "type" in value:
            found.add(kind.full_name(value["type"]))
        if "system" in value:
            found.add(TRAININGS.full_name(value["system"]))
        for key in _PREPARATIONS:
            if value.get(key):
                found.add(PREPARATIONS.full_name(value[key]))
        if "scorer" in value:
            found.add(SCORERS.full_name(value["scorer"]))
        metrics = value.get("metrics", ())
        found.update(map(METRICS.full_name, () if isinstance(metrics, Mapping) else metrics))  # a mapping: of columns
        for key, inner in value.items():
            look(inner, _PARTS.get(key, EXTRACTORS))

    look(parameters)
    return sorted(found)
