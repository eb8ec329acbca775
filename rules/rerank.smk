# From local features and any ranking to one whose first images were compared with the query; the ranking may be one of
# these, too.

PAIRS_OF = (
    "pairs/{reranker}/{ranking}/{searched}/{query_features}x{num_features}x{rerank}"
)
PAIRS = f"{OUTPUT}/{PAIRS_OF}"


def reranked_ranking(wildcards):
    ranking = config["experiments"][wildcards.experiment]["ranking"]
    return paths.ranking(ranking, wildcards.searched)


def reranking_tokens(wildcards):
    reranker = config["experiments"][wildcards.experiment]["reranker"]
    return rules.project_tokens.output[0].format(
        reranker=reranker, searched=wildcards.searched, split="database"
    )


def tokens_features(wildcards):
    """Features of a database, with those of its distractors, or of the queries, which need none of them."""
    extractor = config["rerankers"][wildcards.reranker]["extractor"]
    queries = wildcards.split == "queries"
    dataset = paths.parts(wildcards.searched)[0] if queries else wildcards.searched
    return paths.features(extractor, dataset, wildcards.split)


def pair_chunks(wildcards):
    """The scores that an experiment needs; those that differ in lambda and gamma alone share them."""
    experiment = config["experiments"][wildcards.experiment]
    count = config["rerankers"][experiment["reranker"]]["chunks"]
    return expand(
        rules.score_pairs.output[0],
        reranker=experiment["reranker"],
        ranking=experiment["ranking"],
        searched=wildcards.searched,
        query_features=experiment["ames"]["query_features"],
        num_features=experiment["num_features"],
        rerank=experiment["ames"]["rerank"],
        chunk=range(1, count + 1),
        chunks=count,
    )


def project_tokens_settings(wildcards):
    entry = config["rerankers"][wildcards.reranker]
    return {
        "checkpoint": describe.checkpoint(entry["checkpoint"]),
        "num_features": entry["num_features"],
        "role": {"queries": "query", "database": "database"}[wildcards.split],
    }


rule project_tokens:
    input:
        features=tokens_features,
        checkpoint=lambda wildcards: paths.checkpoint_input(
            config["rerankers"][wildcards.reranker]["checkpoint"]
        ),
    output:
        f"{OUTPUT}/tokens/{{reranker}}/{{searched}}/{{split}}.h5",
    log:
        f"{LOGS}/project_tokens/{{reranker}}/{{searched}}/{{split}}.log",
    benchmark:
        f"{LOGS}/project_tokens/{{reranker}}/{{searched}}/{{split}}.tsv"
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=480,
    params:
        recipe=recipe("project_tokens", project_tokens_settings),
    script:
        f"{SCRIPTS}/project_tokens.py"


def score_pairs_settings(wildcards):
    entry = config["rerankers"][wildcards.reranker]
    return {
        "scorer": entry["scorer"],
        "checkpoint": describe.checkpoint(entry["checkpoint"]),
        "shortlist": int(wildcards.rerank),
        "settings": {
            "query_features": int(wildcards.query_features),
            "num_features": int(wildcards.num_features),
        },
        **describe.searched(wildcards.searched),
    }


rule score_pairs:
    input:
        queries=rules.project_tokens.output[0].replace("{split}", "queries"),
        database=rules.project_tokens.output[0].replace("{split}", "database"),
        ranking=paths.ranking("{ranking}", "{searched}"),
        datasets=lambda wildcards: paths.searched_inputs(wildcards.searched),
        checkpoint=lambda wildcards: paths.checkpoint_input(
            config["rerankers"][wildcards.reranker]["checkpoint"]
        ),
    output:
        f"{PAIRS}/{{chunk}}-of-{{chunks}}.h5",
    log:
        f"{LOGS}/score_{PAIRS_OF}/{{chunk}}-of-{{chunks}}.log",
    benchmark:
        f"{LOGS}/score_{PAIRS_OF}/{{chunk}}-of-{{chunks}}.tsv"
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: 6000 * attempt,
        runtime=480,
        pairs_mib=config["pairs_mib"],
    params:
        recipe=recipe("score_pairs", score_pairs_settings),
    script:
        f"{SCRIPTS}/score_pairs.py"


def rerank_settings(wildcards):
    entry = config["experiments"][wildcards.experiment]
    return {
        "scorer": config["rerankers"][entry["reranker"]]["scorer"],
        "shortlist": entry["ames"]["rerank"],
        "settings": {
            "num_features": entry["num_features"],
            **picked(entry["ames"], "similarity_weight", "temperature"),
        },
        **describe.searched(wildcards.searched),
    }


rule rerank:
    input:
        pairs=pair_chunks,
        ranking=reranked_ranking,
        database=reranking_tokens,
        datasets=lambda wildcards: paths.searched_inputs(wildcards.searched),
    output:
        paths.ranking("{experiment}", "{searched}"),
    log:
        f"{LOGS}/rerank/{{experiment}}/{{searched}}.log",
    wildcard_constraints:
        experiment=any_of(matched_by("ames")),
    resources:
        mem_mb=lambda wildcards, attempt: 8000 * attempt,
        runtime=30,
    params:
        recipe=recipe("rerank", rerank_settings),
    script:
        f"{SCRIPTS}/rerank.py"


def sweep_settings(wildcards):
    return {**config["sweep"], **describe.searched(wildcards.searched)}


# Every combination of lambda, gamma and number of re-ranked images, from the same scores of pairs.
rule sweep:
    input:
        pairs=pair_chunks,
        ranking=reranked_ranking,
        datasets=lambda wildcards: paths.searched_inputs(wildcards.searched),
    output:
        f"{OUTPUT}/sweeps/{{experiment}}/{{searched}}.csv",
    log:
        f"{LOGS}/sweep/{{experiment}}/{{searched}}.log",
    wildcard_constraints:
        experiment=any_of(matched_by("ames")),
    resources:
        mem_mb=lambda wildcards, attempt: 8000 * attempt,
        runtime=60,
    params:
        recipe=recipe("sweep", sweep_settings),
    script:
        f"{SCRIPTS}/sweep.py"


localrules:
    rerank,
