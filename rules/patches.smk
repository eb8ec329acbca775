# From patches and networks to descriptors and their evaluations.

# Datasets of the same archives, such as the splits of one benchmark, share descriptors.
patch_sets = {
    paths.patch_set(name): name
    for name in config["datasets"]
    if paths.layout(name).truth in PATCH_TRUTHS
}


def describe_patches_settings(wildcards):
    dataset = describe.dataset(patch_sets[wildcards.patch_set])
    return {
        "descriptor": describe.descriptor(wildcards.descriptor),
        "dataset": {
            key: value
            for key, value in dataset.items()
            if key in ("layout", "images", "patches")
        },
    }


rule describe_patches:
    input:
        lambda wildcards: paths.descriptor_inputs(wildcards.descriptor),
        lambda wildcards: paths.dataset_inputs(patch_sets[wildcards.patch_set]),
    output:
        paths.described_patches("{descriptor}", "{patch_set}"),
    log:
        f"{LOGS}/describe_patches/{{descriptor}}/{{patch_set}}.log",
    benchmark:
        f"{LOGS}/describe_patches/{{descriptor}}/{{patch_set}}.tsv"
    wildcard_constraints:
        descriptor=any_of(config["descriptors"]),
        patch_set=any_of(patch_sets),
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: 8000 * attempt,
        runtime=480,
        gpu=lambda wildcards: int(
            bool(paths.descriptor(wildcards.descriptor).checkpoints)
        ),
    params:
        recipe=recipe("describe_patches", describe_patches_settings),
    script:
        f"{SCRIPTS}/describe_patches.py"


def evaluate_patches_settings(wildcards):
    experiment = config["experiments"][wildcards.experiment]
    return {
        "dataset": describe.dataset(wildcards.searched),
        **picked(experiment, "normalisation", "clipped_energy"),
    }


rule evaluate_patches:
    input:
        described=lambda wildcards: paths.described_patches(
            config["experiments"][wildcards.experiment]["descriptor"],
            paths.patch_set(wildcards.searched),
        ),
        dataset=lambda wildcards: paths.dataset_inputs(wildcards.searched),
    output:
        f"{OUTPUT}/evaluations/{{experiment}}/{{searched}}.json",
    log:
        f"{LOGS}/evaluate_patches/{{experiment}}/{{searched}}.log",
    wildcard_constraints:
        experiment=any_of(searched_by("patches")),
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=60,
    params:
        recipe=recipe("evaluate_patches", evaluate_patches_settings),
    script:
        f"{SCRIPTS}/evaluate_patches.py"
