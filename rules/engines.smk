# From features and a codebook to an inverted file and rankings: bags of words, and Hamming embedding.


def experiment_features(wildcards):
    """The features of the database of a job, by the extractor of its experiment."""
    extractor = config["experiments"][wildcards.experiment]["extractor"]
    return paths.features(extractor, wildcards.dataset, "database")


def searched_index(rule):
    """The index of the dataset of a job, which is not enlarged: these engines weigh words by all images."""
    pattern = rule.output[0]

    def folder(wildcards):
        return pattern.format(
            experiment=wildcards.experiment, dataset=wildcards.searched
        )

    return folder


def feature_settings(wildcards):
    return picked(config["experiments"][wildcards.experiment], "num_features")


rule build_bow:
    input:
        features=experiment_features,
        codebook=experiment_codebook,
    output:
        directory(f"{OUTPUT}/indexes/{{experiment}}/{{dataset}}"),
    log:
        f"{LOGS}/build_bow/{{experiment}}/{{dataset}}.log",
    wildcard_constraints:
        experiment=any_of(searched_by("bow")),
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: 8000 * attempt,
        runtime=480,
    params:
        recipe=recipe("build_bow", feature_settings),
    script:
        f"{SCRIPTS}/build_bow.py"


def search_bow_settings(wildcards):
    entry = config["experiments"][wildcards.experiment]
    return {
        "dataset": describe.dataset(wildcards.searched),
        "num_features": entry["num_features"],
        **picked(entry["bow"], "query_assignments", "topk"),
    }


rule search_bow:
    input:
        index=searched_index(rules.build_bow),
        queries=experiment_queries,
        datasets=lambda wildcards: paths.searched_inputs(wildcards.searched),
        codebook=experiment_codebook,
    output:
        paths.ranking("{experiment}", "{searched}"),
    log:
        f"{LOGS}/search_bow/{{experiment}}/{{searched}}.log",
    benchmark:
        f"{LOGS}/search_bow/{{experiment}}/{{searched}}.tsv"
    wildcard_constraints:
        experiment=any_of(searched_by("bow")),
        searched=any_of(config["datasets"]),
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=60,
    params:
        recipe=recipe("search_bow", search_bow_settings),
    script:
        f"{SCRIPTS}/search_bow.py"


def embedding_features(wildcards):
    """The features that the codebook of an experiment is trained on."""
    name = config["experiments"][wildcards.experiment]["codebook"]
    entry = config["codebooks"][name]
    return paths.features(entry["extractor"], entry["dataset"], "database")


def train_embedding_settings(wildcards):
    entry = config["experiments"][wildcards.experiment]
    return {
        **picked(config["codebooks"][entry["codebook"]], "num_features"),
        **picked(entry["hamming"], "bits", "seed"),
    }


rule train_embedding:
    input:
        features=embedding_features,
        codebook=experiment_codebook,
    output:
        f"{OUTPUT}/embeddings/{{experiment}}.h5",
    log:
        f"{LOGS}/train_embedding/{{experiment}}.log",
    wildcard_constraints:
        experiment=any_of(searched_by("hamming")),
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: 16000 * attempt,
        runtime=480,
    params:
        recipe=recipe("train_embedding", train_embedding_settings),
    script:
        f"{SCRIPTS}/train_embedding.py"


rule build_hamming:
    input:
        features=experiment_features,
        codebook=experiment_codebook,
        embedding=rules.train_embedding.output[0],
    output:
        directory(f"{OUTPUT}/indexes/{{experiment}}/{{dataset}}"),
    log:
        f"{LOGS}/build_hamming/{{experiment}}/{{dataset}}.log",
    wildcard_constraints:
        experiment=any_of(searched_by("hamming")),
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: 8000 * attempt,
        runtime=480,
    params:
        recipe=recipe("build_hamming", feature_settings),
    script:
        f"{SCRIPTS}/build_hamming.py"


def search_hamming_settings(wildcards):
    entry = config["experiments"][wildcards.experiment]
    return {
        "dataset": describe.dataset(wildcards.searched),
        "num_features": entry["num_features"],
        **picked(entry["hamming"], "query_assignments", "votes", "expansion", "topk"),
    }


rule search_hamming:
    input:
        index=searched_index(rules.build_hamming),
        queries=experiment_queries,
        datasets=lambda wildcards: paths.searched_inputs(wildcards.searched),
        codebook=experiment_codebook,
        embedding=rules.train_embedding.output[0],
    output:
        paths.ranking("{experiment}", "{searched}"),
    log:
        f"{LOGS}/search_hamming/{{experiment}}/{{searched}}.log",
    benchmark:
        f"{LOGS}/search_hamming/{{experiment}}/{{searched}}.tsv"
    wildcard_constraints:
        experiment=any_of(searched_by("hamming")),
        searched=any_of(config["datasets"]),
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=60,
    params:
        recipe=recipe("search_hamming", search_hamming_settings),
    script:
        f"{SCRIPTS}/search_hamming.py"
