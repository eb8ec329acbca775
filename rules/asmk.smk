# From features and a codebook to an inverted file, rankings and scores.


def experiment_features(split):
    """The features of a split of the dataset of a job, by the extractor of its experiment."""
    return lambda wildcards: paths.features(
        config["experiments"][wildcards.experiment]["extractor"],
        wildcards.dataset,
        split,
    )


def experiment_codebook(wildcards):
    codebook = config["experiments"][wildcards.experiment]["codebook"]
    return rules.train_codebook.output[0].format(codebook=codebook)


rule aggregate_chunk:
    input:
        features=experiment_features("database"),
        codebook=experiment_codebook,
    output:
        f"{OUTPUT}/aggregated/{{experiment}}/{{dataset}}/{{chunk}}-of-{{chunks}}.h5",
    log:
        f"{LOGS}/aggregate_chunk/{{experiment}}/{{dataset}}/{{chunk}}-of-{{chunks}}.log",
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=60,
    params:
        recipe=recipe("aggregate_chunk", "experiment"),
    script:
        f"{SCRIPTS}/aggregate_chunk.py"


rule build_index:
    input:
        chunks(rules.aggregate_chunk.output[0]),
    output:
        directory(f"{OUTPUT}/indexes/{{experiment}}/{{dataset}}"),
    log:
        f"{LOGS}/build_index/{{experiment}}/{{dataset}}.log",
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=60,
    params:
        recipe=recipe("build_index", "experiment"),
    script:
        f"{SCRIPTS}/build_index.py"


rule search:
    input:
        index=rules.build_index.output[0],
        queries=experiment_features("queries"),
        database=experiment_features("database"),
        codebook=experiment_codebook,
    output:
        f"{OUTPUT}/rankings/{{experiment}}/{{dataset}}.h5",
    log:
        f"{LOGS}/search/{{experiment}}/{{dataset}}.log",
    benchmark:
        f"{LOGS}/search/{{experiment}}/{{dataset}}.tsv"
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=60,
    params:
        recipe=recipe("search", "experiment"),
    script:
        f"{SCRIPTS}/search.py"


rule evaluate:
    input:
        rankings=rules.search.output[0],
        dataset=lambda wildcards: paths.dataset_inputs(wildcards.dataset),
    output:
        f"{OUTPUT}/evaluations/{{experiment}}/{{dataset}}.json",
    log:
        f"{LOGS}/evaluate/{{experiment}}/{{dataset}}.log",
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        recipe=recipe("evaluate", "dataset"),
    script:
        f"{SCRIPTS}/evaluate.py"
