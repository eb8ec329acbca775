# From images to one file of local features per dataset and split.


FEATURE_CHUNK = paths.features(
    "{extractor}", "{dataset}", "{split}.{chunk}-of-{chunks}"
)


def extraction_inputs(wildcards):
    """The dataset, and the weights of extractors that have any."""
    extractor = config["extractors"][wildcards.extractor]
    weights = (
        [paths.checkpoint_input(extractor["checkpoint"])]
        if "checkpoint" in extractor
        else []
    )
    return paths.dataset_inputs(wildcards.dataset) + weights


passing = [
    name
    for name, entry in config["datasets"].items()
    if not entry.get("keep_features", True)
]


rule extract_chunk:
    input:
        extraction_inputs,
    output:
        FEATURE_CHUNK,
    log:
        f"{LOGS}/extract_chunk/{{extractor}}/{{dataset}}/{{split}}.{{chunk}}-of-{{chunks}}.log",
    benchmark:
        f"{LOGS}/extract_chunk/{{extractor}}/{{dataset}}/{{split}}.{{chunk}}-of-{{chunks}}.tsv"
    wildcard_constraints:
        dataset=any_of(set(config["datasets"]) - set(passing)),
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 6000 * attempt,
        runtime=240,
    params:
        recipe=recipe("extract_chunk", "extractor", "dataset", "split"),
    script:
        f"{SCRIPTS}/extract_chunk.py"


# Features of a million distractors are not kept: each chunk is deleted as soon as every experiment aggregated it.
use rule extract_chunk as extract_passing_chunk with:
    output:
        temp(FEATURE_CHUNK),
    wildcard_constraints:
        dataset=any_of(passing),


rule merge_features:
    input:
        chunks(FEATURE_CHUNK),
    output:
        paths.features("{extractor}", "{dataset}", "{split}"),
    log:
        f"{LOGS}/merge_features/{{extractor}}/{{dataset}}/{{split}}.log",
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        recipe=recipe("merge_features", "extractor", "dataset", "split"),
    script:
        f"{SCRIPTS}/merge_features.py"
