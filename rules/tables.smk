# From rankings to evaluations and tables, with the published numbers beside the measured ones.


def evaluated_features(wildcards):
    """The features of the database and its queries, which tell what was left out of the search."""
    base, _ = paths.parts(wildcards.searched)
    extractors = reranking.extractors(wildcards.experiment)
    return [file for name in extractors for file in paths.feature_files(name, base)]


def evaluate_settings(wildcards):
    base, _ = paths.parts(wildcards.searched)
    return {
        "undecodable": config["datasets"][base]["undecodable"],
        "truncated": paths.layout(base).on_truncated,
        "dataset": describe.evaluated(base),
        "metrics": metrics_for(paths.layout(base).truth),
        "kappas": [1, 5, 10],
    }


# The experiments that rank images.
RANKED = any_of(
    set(config["experiments"]) - set(searched_by("patches", "matching", "localization"))
)


# One rule for every ranking, whatever steps made it.
rule evaluate:
    input:
        ranking=paths.ranking("{experiment}", "{searched}"),
        features=evaluated_features,
        dataset=lambda wildcards: paths.dataset_inputs(
            paths.parts(wildcards.searched)[0]
        ),
    output:
        f"{OUTPUT}/evaluations/{{experiment}}/{{searched}}.json",
    log:
        f"{LOGS}/evaluate/{{experiment}}/{{searched}}.log",
    wildcard_constraints:
        experiment=RANKED,
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=10,
    params:
        recipe=recipe("evaluate", evaluate_settings),
    script:
        f"{SCRIPTS}/evaluate.py"


def evaluations_of(table):
    """The evaluations that are in a table."""
    return [
        rules.evaluate.output[0].format(experiment=experiment, searched=dataset)
        for experiment in config["tables"][table]["experiments"]
        for dataset in measured(config, table)
        if not trained_on(config, experiment, dataset)
    ]


def table_settings(wildcards):
    entry = config["tables"][wildcards.table]
    return {
        **picked(entry, "title", "datasets"),
        "columns": table_columns(entry),
        "rows": table_rows(config, wildcards.table),
        "miniature": config["miniature"] is not None,
        "published": published_numbers(config, published, wildcards.table),
        "notes": [*entry["notes"], *vocabulary_notes(config, wildcards.table)],
    }


rule table:
    input:
        lambda wildcards: evaluations_of(wildcards.table),
    output:
        csv=f"{OUTPUT}/{{table}}.csv",
        markdown=f"{OUTPUT}/{{table}}.md",
        latex=f"{OUTPUT}/{{table}}.tex",
        provenance=f"{OUTPUT}/{{table}}.provenance.json",
    log:
        f"{LOGS}/table/{{table}}.log",
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        recipe=recipe("table", table_settings),
    script:
        f"{SCRIPTS}/table.py"


localrules:
    evaluate,
    table,
