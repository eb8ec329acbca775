# From images to one file of local features per dataset and split.


def extraction_inputs(wildcards):
    """The dataset, and the weights of extractors that have any."""
    extractor = config["extractors"][wildcards.extractor]
    weights = (
        [paths.checkpoint_input(extractor["checkpoint"])]
        if "checkpoint" in extractor
        else []
    )
    return paths.dataset_inputs(wildcards.dataset) + weights


rule extract_chunk:
    input:
        extraction_inputs,
    output:
        f"{OUTPUT}/features/{{extractor}}/{{dataset}}/{{split}}.{{chunk}}-of-{{chunks}}.h5",
    log:
        f"{LOGS}/extract_chunk/{{extractor}}/{{dataset}}/{{split}}.{{chunk}}-of-{{chunks}}.log",
    benchmark:
        f"{LOGS}/extract_chunk/{{extractor}}/{{dataset}}/{{split}}.{{chunk}}-of-{{chunks}}.tsv"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 6000 * attempt,
        runtime=240,
    params:
        recipe=recipe("extract_chunk", "extractor", "dataset", "split"),
    script:
        f"{SCRIPTS}/extract_chunk.py"


rule merge_features:
    input:
        chunks(rules.extract_chunk.output[0]),
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
