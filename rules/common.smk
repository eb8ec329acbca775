# What all rules share: the checked configuration, paths, recipes, and which names a wildcard may take.

from reprise.storage.sources import read_sources
from reprise.workflow.config import check_config, check_schema, load_yaml
from reprise.workflow.paths import Paths
from reprise.workflow.recipes import Recipes
from reprise.workflow.targets import describe_targets

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


wildcard_constraints:
    source=any_of(sources),
    images=any_of(config["images"]),
    dataset=any_of(config["datasets"]),
    searched=any_of([*config["datasets"], *config["enlarged"]]),
    checkpoint=any_of(config["checkpoints"]),
    extractor=any_of(config["extractors"]),
    codebook=any_of(config["codebooks"]),
    experiment=any_of(config["experiments"]),
    table=any_of(config["tables"]),
    split="database|queries",
    chunk=r"\d+",
    chunks=r"\d+",
