# Query expansion: from a ranking, and what its first images are described by, to the ranking of another search.


def expanded_search(wildcards):
    """The entry of the search whose index is searched again."""
    return config["experiments"][reranking.search(wildcards.experiment)]


def expanded_reranker(wildcards):
    """The name of the reranker by whose regions images are verified."""
    return config["experiments"][wildcards.experiment]["expand"]


def expanded_regions(split):
    """The regions of a split that an expansion verifies images by."""

    def file(wildcards):
        return rules.project_tokens.output[0].format(
            reranker=expanded_reranker(wildcards),
            searched=wildcards.searched,
            split=split,
        )

    return file


def expanded_features(split):
    """The features of a split that the search is of."""

    def file(wildcards):
        extractor = expanded_search(wildcards)["extractor"]
        return paths.features(extractor, wildcards.searched, split)

    return file


def expanded_index(rule):
    """The index that is searched again."""
    pattern = rule.output[0]

    def folder(wildcards):
        search = reranking.search(wildcards.experiment)
        return pattern.format(experiment=search, dataset=wildcards.searched)

    return folder


def expanded_codebook(wildcards):
    codebook = expanded_search(wildcards)["codebook"]
    return rules.train_codebook.output[0].format(codebook=codebook)


def expand_bow_settings(wildcards):
    return {
        "dataset": describe.dataset(wildcards.searched),
        "settings": reranking.expansion(wildcards.experiment),
    }


rule expand_bow:
    input:
        ranking=ranking_before,
        index=expanded_index(rules.build_bow),
        query_regions=expanded_regions("queries"),
        database_regions=expanded_regions("database"),
        datasets=lambda wildcards: paths.searched_inputs(wildcards.searched),
    output:
        paths.ranking("{experiment}", "{searched}"),
    log:
        f"{LOGS}/expand_bow/{{experiment}}/{{searched}}.log",
    benchmark:
        f"{LOGS}/expand_bow/{{experiment}}/{{searched}}.tsv"
    wildcard_constraints:
        experiment=any_of(reranking.expansions("bow")),
        searched=any_of(config["datasets"]),
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=60,
    params:
        recipe=recipe("expand_bow", expand_bow_settings),
    script:
        f"{SCRIPTS}/expand_bow.py"


def expand_asmk_settings(wildcards):
    entry = expanded_search(wildcards)
    kernel = ("query_assignments", "binary", "alpha", "threshold")
    return {
        "dataset": describe.dataset(wildcards.searched),
        "num_features": entry["num_features"],
        "region_features": config["rerankers"][expanded_reranker(wildcards)][
            "num_features"
        ],
        **picked(entry["asmk"], *kernel),
        "settings": reranking.expansion(wildcards.experiment),
    }


rule expand_asmk:
    input:
        ranking=ranking_before,
        index=expanded_index(rules.build_index),
        codebook=expanded_codebook,
        query_features=expanded_features("queries"),
        database_features=expanded_features("database"),
        query_regions=expanded_regions("queries"),
        database_regions=expanded_regions("database"),
        datasets=lambda wildcards: paths.searched_inputs(wildcards.searched),
    output:
        paths.ranking("{experiment}", "{searched}"),
    log:
        f"{LOGS}/expand_asmk/{{experiment}}/{{searched}}.log",
    benchmark:
        f"{LOGS}/expand_asmk/{{experiment}}/{{searched}}.tsv"
    wildcard_constraints:
        experiment=any_of(reranking.expansions("asmk")),
        searched=any_of(config["datasets"]),
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: 8000 * attempt,
        runtime=480,
    params:
        recipe=recipe("expand_asmk", expand_asmk_settings),
    script:
        f"{SCRIPTS}/expand_asmk.py"


def expand_hamming_settings(wildcards):
    entry = expanded_search(wildcards)
    return {
        "dataset": describe.dataset(wildcards.searched),
        "num_features": entry["num_features"],
        **picked(entry["hamming"], "query_assignments", "votes"),
        "settings": reranking.expansion(wildcards.experiment),
    }


def expanded_embedding(wildcards):
    search = reranking.search(wildcards.experiment)
    return rules.train_embedding.output[0].format(experiment=search)


rule expand_hamming:
    input:
        ranking=ranking_before,
        index=expanded_index(rules.build_hamming),
        codebook=expanded_codebook,
        embedding=expanded_embedding,
        queries=expanded_features("queries"),
        query_regions=expanded_regions("queries"),
        database_regions=expanded_regions("database"),
        datasets=lambda wildcards: paths.searched_inputs(wildcards.searched),
    output:
        paths.ranking("{experiment}", "{searched}"),
    log:
        f"{LOGS}/expand_hamming/{{experiment}}/{{searched}}.log",
    benchmark:
        f"{LOGS}/expand_hamming/{{experiment}}/{{searched}}.tsv"
    wildcard_constraints:
        experiment=any_of(reranking.expansions("hamming")),
        searched=any_of(config["datasets"]),
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=60,
    params:
        recipe=recipe("expand_hamming", expand_hamming_settings),
    script:
        f"{SCRIPTS}/expand_hamming.py"


def expanded_neighbors(wildcards):
    """The entry of the neighbours whose global descriptors are averaged."""
    return config["neighbors"][config["experiments"][wildcards.experiment]["expand"]]


def averaged_queries(wildcards):
    extractor = expanded_neighbors(wildcards)["extractor"]
    return paths.features(extractor, paths.parts(wildcards.searched)[0], "queries")


def averaged_databases(wildcards):
    """The features of the database, and of its distractors."""
    extractor = expanded_neighbors(wildcards)["extractor"]
    return [
        paths.features(extractor, dataset, "database")
        for dataset in paths.parts(wildcards.searched)
        if dataset
    ]


def expand_global_settings(wildcards):
    return {
        **describe.searched(wildcards.searched),
        "descriptor": expanded_neighbors(wildcards)["descriptor"],
        **reranking.expansion(wildcards.experiment),
    }


rule expand_global:
    input:
        ranking=ranking_before,
        queries=averaged_queries,
        databases=averaged_databases,
        datasets=lambda wildcards: paths.searched_inputs(wildcards.searched),
    output:
        paths.ranking("{experiment}", "{searched}"),
    log:
        f"{LOGS}/expand_global/{{experiment}}/{{searched}}.log",
    benchmark:
        f"{LOGS}/expand_global/{{experiment}}/{{searched}}.tsv"
    wildcard_constraints:
        experiment=any_of(reranking.expansions("global")),
    threads: 4
    resources:
        mem_mb=lambda wildcards, attempt: 16000 * attempt,
        runtime=240,
    params:
        recipe=recipe("expand_global", expand_global_settings),
    script:
        f"{SCRIPTS}/expand_global.py"
