# What all rules share: the checked configuration, paths, recipes, and which names a wildcard may take.

import json
import os

from reprise.downloads.sources import read_sources
from reprise.mini.releases.parts import PARTS
from reprise.pipeline.cluster import check_slurm
from reprise.pipeline.config import check_config, check_schema, load_yaml
from reprise.pipeline.ames_recipes import DENSE
from reprise.pipeline.consistency import WITHOUT_TRUTH
from reprise.pipeline.paths import Paths
from reprise.pipeline.recipes import Recipes
from reprise.pipeline.seeds import with_seed_study
from reprise.pipeline.tables import measured
from reprise.pipeline.targets import describe_targets

# Threads of a job that wait for each other sleep instead of spinning, which takes time from all who share the cores.
# What is computed stays the same.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

ROOT = Path(workflow.basedir)
SCRIPTS = "../workflow/scripts"

sources = read_sources(ROOT / "config" / "sources.yaml")
published = load_yaml(ROOT / "config" / "published.yaml")
schemas = {
    name: load_yaml(ROOT / "workflow" / "schemas" / f"{name}.schema.yaml")
    for name in ("config", "published")
}
check_schema(published, schemas["published"], "published")
check_config(config, schemas["config"], sources, published)
config = with_seed_study(config)

paths = Paths(config, sources)
DATA, OUTPUT = paths.data, paths.output
LOGS = f"{OUTPUT}/logs"
recipes = Recipes(config, sources, published, ROOT / "workflow" / "scripts")


def recipe(stage, *names, **renamed):
    """The one param of every rule: what its result depends on, for the given wildcards."""
    wanted = {**{name: name for name in names}, **renamed}
    return lambda wildcards: recipes.recipe(
        stage, **{name: wildcards[wildcard] for name, wildcard in wanted.items()}
    )


def chunks(pattern):
    """The files of all chunks of the dataset of a job, after ``pattern`` with {chunk} and {chunks}."""

    def files(wildcards):
        # Queries are few; one job extracts them.
        single = wildcards.get("split") == "queries"
        count = 1 if single else config["datasets"][wildcards.dataset]["chunks"]
        return expand(pattern, **wildcards, chunk=range(1, count + 1), chunks=count)

    return files


def any_of(names):
    """A regular expression that matches exactly ``names``."""
    return "|".join(sorted(map(re.escape, names), key=len, reverse=True)) or "(?!)"


def matched_by(*matchers):
    """The experiments with one of ``matchers``."""
    return [
        name
        for name, entry in config["experiments"].items()
        if entry["matcher"] in matchers
    ]


def trainings_of(system):
    """The trainings of a system."""
    return [
        name for name, entry in config["trainings"].items() if entry["system"] == system
    ]


wildcard_constraints:
    source=any_of(sources),
    images=any_of(config["images"]),
    dataset=any_of(config["datasets"]),
    searched=any_of([*config["datasets"], *config["enlarged"]]),
    training=any_of(config["trainings"]),
    extractor=any_of(config["extractors"]),
    codebook=any_of(config["codebooks"]),
    neighbors=any_of(config["neighbors"]),
    reranker=any_of(config["rerankers"]),
    calibration=any_of(config["calibrations"]),
    experiment=any_of(config["experiments"]),
    table=any_of(config["tables"]),
    split="database|queries",
    ranking=any_of(config["experiments"]),
    query_features=r"\d+",
    num_features=r"\d+",
    rerank=r"\d+",
    chunk=r"\d+",
    chunks=r"\d+",
