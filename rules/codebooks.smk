# From the features of training images to visual words, or from a file that has them.


adopted = [name for name, entry in config["codebooks"].items() if entry["file"]]


def train_codebook_settings(wildcards):
    entry = config["codebooks"][wildcards.codebook]
    return {
        "size": words(entry["size"]),
        **picked(entry, "num_features", "iterations", "seed", "index", "centre"),
    }


rule train_codebook:
    input:
        lambda wildcards: paths.features(
            config["codebooks"][wildcards.codebook]["extractor"],
            config["codebooks"][wildcards.codebook]["dataset"],
            "database",
        ),
    output:
        f"{OUTPUT}/codebooks/{{codebook}}.h5",
    log:
        f"{LOGS}/train_codebook/{{codebook}}.log",
    benchmark:
        f"{LOGS}/train_codebook/{{codebook}}.tsv"
    wildcard_constraints:
        codebook=any_of(set(config["codebooks"]).difference(adopted)),
    threads: 8
    resources:
        mem_mb=lambda wildcards, attempt: 16000 * attempt,
        runtime=1440,
    params:
        recipe=recipe("train_codebook", train_codebook_settings),
    script:
        f"{SCRIPTS}/train_codebook.py"


rule adopt_codebook:
    input:
        lambda wildcards: config["codebooks"][wildcards.codebook]["file"],
    output:
        rules.train_codebook.output[0],
    log:
        f"{LOGS}/adopt_codebook/{{codebook}}.log",
    wildcard_constraints:
        codebook=any_of(adopted),
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        recipe=recipe("adopt_codebook", train_codebook_settings),
    script:
        f"{SCRIPTS}/adopt_codebook.py"
