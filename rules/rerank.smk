# A step: from local features and any ranking to one whose first images were compared with the query; the ranking may be
# that of another step.

PAIRS_OF = "pairs/{reranker}/{ranking}/{searched}/{pairs}"
PAIRS = f"{OUTPUT}/{PAIRS_OF}"


def ranking_before(wildcards):
    ranking = config["experiments"][wildcards.experiment]["ranking"]
    return paths.ranking(ranking, wildcards.searched)


def compared_features(reranker, searched, split):
    """Features of a database, with those of its distractors, or of the queries, which need none of them."""
    dataset = paths.parts(searched)[0] if split == "queries" else searched
    return paths.features(config["rerankers"][reranker]["extractor"], dataset, split)


def compared(split, reranker=None):
    """What a scorer reads of a split: the features, or what it computed of them before."""

    def file(wildcards):
        name = reranker(wildcards) if reranker else wildcards.reranker
        if name not in reranking.projected():
            return compared_features(name, wildcards.searched, split)
        return rules.project_tokens.output[0].format(
            reranker=name, searched=wildcards.searched, split=split
        )

    return file


def scorer_inputs(wildcards):
    """The files that have to exist before the networks and codebooks of a reranker can be read."""
    networks = reranking.checkpoints(wildcards.reranker).values()
    codebooks = scorer_codebooks(wildcards.reranker).values()
    return [*map(paths.checkpoint_input, networks), *codebooks]


def scorer_codebooks(reranker):
    """The files of the codebooks of a reranker, by their keys."""
    codebooks = reranking.codebooks(reranker)
    pattern = rules.train_codebook.output[0]
    return {key: pattern.format(codebook=name) for key, name in codebooks.items()}


def scorer_files(reranker):
    """The files of the networks and codebooks of a reranker, by their keys."""
    checkpoints = reranking.checkpoints(reranker)
    networks = {key: describe.checkpoint(name) for key, name in checkpoints.items()}
    return {**networks, **scorer_codebooks(reranker)}


def pair_chunks(wildcards):
    """The scores that a step needs; those that differ in what is made of the scores alone share them."""
    entry = config["experiments"][wildcards.experiment]
    count = config["rerankers"][entry["rerank"]]["chunks"]
    return expand(
        rules.score_pairs.output[0],
        reranker=entry["rerank"],
        ranking=entry["ranking"],
        searched=wildcards.searched,
        pairs=reranking.pairs(wildcards.experiment),
        chunk=range(1, count + 1),
        chunks=count,
    )


def project_tokens_settings(wildcards):
    reranker = wildcards.reranker
    return {
        "scorer": config["rerankers"][reranker]["scorer"],
        "role": {"queries": "query", "database": "database"}[wildcards.split],
        "settings": {
            **reranking.projection(reranker),
            **scorer_files(reranker),
        },
    }


rule project_tokens:
    input:
        features=lambda wildcards: compared_features(
            wildcards.reranker, wildcards.searched, wildcards.split
        ),
        networks=scorer_inputs,
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
    reranker = wildcards.reranker
    return {
        "scorer": config["rerankers"][reranker]["scorer"],
        "checkpoints": scorer_files(reranker),
        **reranking.pair_settings(reranker, wildcards.pairs),
        **describe.searched(wildcards.searched),
    }


rule score_pairs:
    input:
        queries=compared("queries"),
        database=compared("database"),
        ranking=paths.ranking("{ranking}", "{searched}"),
        datasets=lambda wildcards: paths.searched_inputs(wildcards.searched),
        networks=scorer_inputs,
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
    return {
        **reranking.step(wildcards.experiment),
        **describe.searched(wildcards.searched),
    }


rule rerank:
    input:
        pairs=pair_chunks,
        ranking=ranking_before,
        database=compared(
            "database",
            lambda wildcards: config["experiments"][wildcards.experiment]["rerank"],
        ),
        datasets=lambda wildcards: paths.searched_inputs(wildcards.searched),
    output:
        paths.ranking("{experiment}", "{searched}"),
    log:
        f"{LOGS}/rerank/{{experiment}}/{{searched}}.log",
    wildcard_constraints:
        experiment=any_of(reranking.experiments()),
    resources:
        mem_mb=lambda wildcards, attempt: 8000 * attempt,
        runtime=30,
    params:
        recipe=recipe("rerank", rerank_settings),
    script:
        f"{SCRIPTS}/rerank.py"


def sweep_settings(wildcards):
    return {
        **reranking.sweep(wildcards.experiment, config["sweep"]),
        **describe.searched(wildcards.searched),
    }


# Every combination of lambda, gamma and number of re-ranked images, from the same scores of pairs.
rule sweep:
    input:
        pairs=pair_chunks,
        ranking=ranking_before,
        datasets=lambda wildcards: paths.searched_inputs(wildcards.searched),
    output:
        f"{OUTPUT}/sweeps/{{experiment}}/{{searched}}.csv",
    log:
        f"{LOGS}/sweep/{{experiment}}/{{searched}}.log",
    wildcard_constraints:
        experiment=any_of(reranking.experiments("ames")),
    resources:
        mem_mb=lambda wildcards, attempt: 8000 * attempt,
        runtime=60,
    params:
        recipe=recipe("sweep", sweep_settings),
    script:
        f"{SCRIPTS}/sweep.py"


localrules:
    rerank,
