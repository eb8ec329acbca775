# From evaluations to tables, with the published numbers beside the measured ones.


def table_inputs(wildcards):
    table = config["tables"][wildcards.table]
    measured = [
        dataset
        for dataset in table["datasets"]
        if dataset not in config["enlarged"] or config["measure_enlarged"]
    ]
    return expand(
        rules.evaluate.output[0],
        experiment=table["experiments"],
        searched=measured,
    )


rule table:
    input:
        table_inputs,
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
        recipe=recipe("table", "table"),
    script:
        f"{SCRIPTS}/table.py"


localrules:
    download,
    evaluate,
    table,
