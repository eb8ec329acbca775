# How far the numbers of a table move with the seeds of codebooks and trainings.


def seed_inputs(wildcards):
    study = seeds_settings(wildcards)
    return [
        rules.evaluate.output[0].format(experiment=experiment, searched=dataset)
        for row in study["rows"]
        for experiment in row["experiments"]
        for dataset in study["datasets"]
        if not trained_on(config, experiment, dataset)
    ]


def seeds_settings(wildcards):
    entry = config["tables"][wildcards.table]
    return {
        "title": entry["title"],
        "datasets": measured(config, wildcards.table),
        "columns": table_columns(entry),
        "rows": seed_rows(config, wildcards.table),
    }


rule seeds:
    input:
        seed_inputs,
    output:
        csv=report(
            f"{OUTPUT}/{{table}}.seeds.csv",
            category="Seed studies",
            caption="../workflow/report/seeds.rst",
        ),
        markdown=f"{OUTPUT}/{{table}}.seeds.md",
        provenance=f"{OUTPUT}/{{table}}.seeds.provenance.json",
    log:
        f"{LOGS}/seeds/{{table}}.log",
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        recipe=recipe("seeds", seeds_settings),
    script:
        f"{SCRIPTS}/seeds.py"


localrules:
    seeds,
