# What all rules share: the checked configuration, paths, recipes, and which names a wildcard may take.

import json
import os
import sys
from types import SimpleNamespace

from reprise.codebooks.sizes import words
from reprise.datasets.patch_sets import PATCH_TRUTHS
from reprise.downloads.consent import check_accepted, check_consent, needs_consent
from reprise.downloads.sources import read_sources, with_own
from reprise.evaluation.recall_curves import KINDS as CURVES
from reprise.mini.releases.parts import PARTS
from reprise.pipeline.cluster import check_slurm
from reprise.pipeline.descriptions import Descriptions
from reprise.pipeline.edition import check_edition
from reprise.pipeline.guards import stop_at_errors
from reprise.pipeline.kept import check_kept
from reprise.pipeline.match_sources import drawn_from, explained_settings
from reprise.pipeline.own_data import check_own_data
from reprise.pipeline.paths import Paths
from reprise.pipeline.recipes import make_recipe
from reprise.pipeline.reranking import Rerankings
from reprise.pipeline.seeds import with_seed_study
from reprise.pipeline.spec.config import read_config
from reprise.pipeline.spec.published import read_published
from reprise.pipeline.tables import (
    measured,
    published_numbers,
    seed_rows,
    table_columns,
    table_rows,
    trained_on,
    vocabulary_notes,
)
from reprise.pipeline.targets import describe_targets
from reprise.pipeline.trainings import Trainings
from reprise.pipeline.triggers import ignore_code_trigger
from reprise.reporting.metrics import metrics_for
from reprise.reporting.templates import templates_hash
from reprise.storage.yaml_files import load_yaml

# Threads of a job that wait for each other sleep instead of spinning, which takes time from all who share the cores.
# What is computed stays the same.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
# Jobs keep the memory of maps that they free, for the next image. To hand it back to the system and get it again, page
# by page, is a tenth of what networks cost on a processor. Maps above 32 MiB, the most that glibc takes here, go back.
os.environ.setdefault("MALLOC_MMAP_THRESHOLD_", str(32 * 1024**2))
os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", str(1024**3))

ROOT = Path(workflow.basedir)
# Plug-ins may stand beside the project.
sys.path.append(str(Path.cwd()))
SCRIPTS = "../workflow/scripts"

for overlay in workflow.configfiles:
    load_yaml(overlay)  # Snakemake takes the last of two equal keys

sources = read_sources(ROOT / "config" / "sources.yaml")
published = read_published(ROOT / "config" / "published")
spec = read_config(config, sources, published)
check_own_data(spec.entries["datasets"])
config = with_seed_study(spec)
sources = with_own(sources, config["sources"])

check_accepted(config["accept"], sources)

paths = Paths(config, sources)
DATA, OUTPUT = paths.data, paths.output
check_edition(OUTPUT)
LOGS = f"{OUTPUT}/logs"
describe = Descriptions(config, paths)
reranking = Rerankings(config)
trainings = Trainings(config, paths)


def recipe(stage, settings):
    """The one param of every rule: what its result depends on.

    ``settings`` gives, for the wildcards of a job, exactly what the stage reads of the configuration.
    """
    return lambda wildcards: make_recipe(
        stage, settings(wildcards), ROOT / "workflow" / "scripts"
    )


def picked(entry, *keys):
    """Some keys of an entry."""
    return {key: entry[key] for key in keys}


def without(entry, *keys):
    """All other keys of an entry."""
    return {key: value for key, value in entry.items() if key not in keys}


def chunks(pattern):
    """The files of all chunks of the dataset of a job, after ``pattern`` with {chunk} and {chunks}."""

    def files(wildcards):
        split = wildcards.get("split")
        # Where images are compared with each other, they are the queries, too.
        if split == "queries" and paths.layout(wildcards.dataset).among_themselves:
            split = "database"
        # Queries are few; one job extracts them.
        count = (
            1 if split == "queries" else config["datasets"][wildcards.dataset]["chunks"]
        )
        return expand(
            pattern,
            **{**wildcards, "split": split},
            chunk=range(1, count + 1),
            chunks=count,
        )

    return files


def any_of(names):
    """A regular expression that matches exactly ``names``."""
    return "|".join(sorted(map(re.escape, names), key=len, reverse=True)) or "(?!)"


def searched_by(*engines):
    """The experiments with a search of some kinds."""
    return [
        name
        for name, entry in config["experiments"].items()
        if entry.get("search") in engines
    ]


def trainings_of(*systems):
    """The trainings of some systems."""
    return [
        name for name, entry in config["trainings"].items() if entry["type"] in systems
    ]


wildcard_constraints:
    source=any_of(sources),
    images=any_of(config["images"]),
    dataset=any_of(config["datasets"]),
    searched=any_of([*config["datasets"], *config["enlarged"]]),
    training=any_of(config["trainings"]),
    detector=any_of(config["detectors"]),
    extractor=any_of(config["extractors"]),
    codebook=any_of(config["codebooks"]),
    neighbors=any_of(config["neighbors"]),
    matching=any_of(config["matchings"]),
    reranker=any_of(config["rerankers"]),
    calibration=any_of(config["calibrations"]),
    experiment=any_of(config["experiments"]),
    table=any_of(config["tables"]),
    figure=any_of(config["figures"]),
    split="database|queries",
    ranking=any_of(config["experiments"]),
    pairs="[^/]+",
    chunk=r"\d+",
    chunks=r"\d+",
