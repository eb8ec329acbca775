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
        csv=f"{OUTPUT}/{{table}}.seeds.csv",
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


def seeds_page_settings(wildcards):
    return {"templates": templates_hash("study.html")}


rule seeds_page:
    input:
        study=rules.seeds.output.csv,
        notes=rules.seeds.output.markdown,
    output:
        report(
            f"{OUTPUT}/{{table}}.seeds.html",
            category="Seed studies",
            labels={"table": "{table}"},
            caption="../workflow/report/seeds.rst",
        ),
    log:
        f"{LOGS}/seeds_page/{{table}}.log",
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        recipe=recipe("seeds_page", seeds_page_settings),
    script:
        f"{SCRIPTS}/seeds_page.py"


localrules:
    seeds,
    seeds_page,
