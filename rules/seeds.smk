# How far the numbers of a table move with the seed of the codebook.


def seed_inputs(wildcards):
    study = json.loads(recipes.recipe("seeds", table=wildcards.table))["parameters"]
    return [
        evaluation
        for row in study["rows"]
        for evaluation in expand(
            rules.evaluate.output[0],
            experiment=row["experiments"],
            searched=study["datasets"],
        )
    ]


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
        recipe=recipe("seeds", "table"),
    script:
        f"{SCRIPTS}/seeds.py"


localrules:
    seeds,
