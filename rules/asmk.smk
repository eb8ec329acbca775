# From features and a codebook to an inverted file and rankings.


def experiment_chunk(wildcards):
    """The features of a chunk of a database, by the extractor of the experiment of a job."""
    return FEATURE_CHUNK.format(
        extractor=config["experiments"][wildcards.experiment]["extractor"],
        split="database",
        **wildcards,
    )


def experiment_queries(wildcards):
    extractor = config["experiments"][wildcards.experiment]["extractor"]
    return paths.features(extractor, paths.parts(wildcards.searched)[0], "queries")


def searched_indexes(wildcards):
    """The index of a dataset and, where it is enlarged, the one of the distractors."""
    return [
        rules.build_index.output[0].format(
            experiment=wildcards.experiment, dataset=dataset
        )
        for dataset in paths.parts(wildcards.searched)
        if dataset
    ]


def experiment_codebook(wildcards):
    codebook = config["experiments"][wildcards.experiment]["codebook"]
    return rules.train_codebook.output[0].format(codebook=codebook)


def aggregate_chunk_settings(wildcards):
    entry = config["experiments"][wildcards.experiment]
    return {
        "num_features": entry["num_features"],
        **picked(entry["asmk"], "database_assignments", "binary"),
        **describe.first_image(
            wildcards.dataset, (int(wildcards.chunk), int(wildcards.chunks))
        ),
    }


# A high priority, so that temporary features are deleted early.
rule aggregate_chunk:
    input:
        features=experiment_chunk,
        codebook=experiment_codebook,
    output:
        f"{OUTPUT}/aggregated/{{experiment}}/{{dataset}}/{{chunk}}-of-{{chunks}}.h5",
    log:
        f"{LOGS}/aggregate_chunk/{{experiment}}/{{dataset}}/{{chunk}}-of-{{chunks}}.log",
    priority: 10
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=60,
    params:
        recipe=recipe("aggregate_chunk", aggregate_chunk_settings),
    script:
        f"{SCRIPTS}/aggregate_chunk.py"


def build_index_settings(wildcards):
    return picked(config["experiments"][wildcards.experiment]["asmk"], "idf")


rule build_index:
    input:
        chunks(rules.aggregate_chunk.output[0]),
    output:
        directory(f"{OUTPUT}/indexes/{{experiment}}/{{dataset}}"),
    log:
        f"{LOGS}/build_index/{{experiment}}/{{dataset}}.log",
    wildcard_constraints:
        experiment=any_of(searched_by("asmk")),
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: (config["index_mib"] + 1000) * attempt,
        runtime=240,
        index_mib=config["index_mib"],
    params:
        recipe=recipe("build_index", build_index_settings),
    script:
        f"{SCRIPTS}/build_index.py"


def search_settings(wildcards):
    entry = config["experiments"][wildcards.experiment]
    kernel = ("query_assignments", "binary", "alpha", "threshold")
    enlarged = config["enlarged"].get(wildcards.searched)
    return {
        **describe.searched(wildcards.searched),
        "num_features": entry["num_features"],
        **picked(entry["asmk"], *kernel),
        "topk": (enlarged or entry["asmk"])["topk"],
    }


# No part of a recipe: without such queries it changes nothing, and where there is ground truth, they are an error.
def on_bare_queries(wildcards):
    base, _ = paths.parts(wildcards.searched)
    return "error" if paths.layout(base).truth else "zero"


rule search:
    input:
        indexes=searched_indexes,
        queries=experiment_queries,
        datasets=lambda wildcards: paths.searched_inputs(wildcards.searched),
        codebook=experiment_codebook,
    output:
        paths.ranking("{experiment}", "{searched}"),
    log:
        f"{LOGS}/search/{{experiment}}/{{searched}}.log",
    benchmark:
        f"{LOGS}/search/{{experiment}}/{{searched}}.tsv"
    wildcard_constraints:
        experiment=any_of(searched_by("asmk")),
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=60,
        bare=on_bare_queries,
    params:
        recipe=recipe("search", search_settings),
    script:
        f"{SCRIPTS}/search.py"
