# From the features of training images to visual words.


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
    threads: 8
    resources:
        mem_mb=lambda wildcards, attempt: 16000 * attempt,
        runtime=1440,
    params:
        recipe=recipe("train_codebook", train_codebook_settings),
    script:
        f"{SCRIPTS}/train_codebook.py"
