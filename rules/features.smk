# From the chunks of a dataset and split, or from downloaded files, to one file of local features; and what settings give
# the features that were published.


def merge_features_settings(wildcards):
    return {
        "extractor": wildcards.extractor,
        "dataset": wildcards.dataset,
        "split": wildcards.split,
    }


rule merge_features:
    input:
        chunks(FEATURE_CHUNK),
    output:
        paths.features("{extractor}", "{dataset}", "{split}"),
    log:
        f"{LOGS}/merge_features/{{extractor}}/{{dataset}}/{{split}}.log",
    wildcard_constraints:
        extractor=any_of([*extracted, *imported, *described]),
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        recipe=recipe("merge_features", merge_features_settings),
    script:
        f"{SCRIPTS}/merge_features.py"


def adopt_features_settings(wildcards):
    files = config["extractors"][wildcards.extractor]["files"]
    return {
        "files": [
            paths.download(file) for file in files[wildcards.dataset][wildcards.split]
        ],
        "dataset": describe.dataset(wildcards.dataset),
        "split": wildcards.split,
    }


rule adopt_features:
    input:
        files=lambda wildcards: map(
            paths.receipt,
            config["extractors"][wildcards.extractor]["files"][wildcards.dataset][
                wildcards.split
            ],
        ),
        dataset=lambda wildcards: paths.dataset_inputs(wildcards.dataset),
    output:
        paths.features("{extractor}", "{dataset}", "{split}"),
    log:
        f"{LOGS}/adopt_features/{{extractor}}/{{dataset}}/{{split}}.log",
    wildcard_constraints:
        extractor=any_of(downloaded),
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        recipe=recipe("adopt_features", adopt_features_settings),
    script:
        f"{SCRIPTS}/adopt_features.py"


def join_features_settings(wildcards):
    return {"extractor": wildcards.extractor, "dataset": wildcards.searched}


rule join_features:
    input:
        lambda wildcards: [
            paths.features(wildcards.extractor, dataset, "database")
            for dataset in paths.parts(wildcards.searched)
        ],
    output:
        paths.features("{extractor}", "{searched}", "database"),
    log:
        f"{LOGS}/join_features/{{extractor}}/{{searched}}.log",
    wildcard_constraints:
        extractor=any_of(extractors_stored("dense")),
        searched=any_of(config["enlarged"]),
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        recipe=recipe("join_features", join_features_settings),
    script:
        f"{SCRIPTS}/join_features.py"


def calibration_inputs(wildcards):
    entry = config["calibrations"][wildcards.calibration]
    return {
        "published": paths.features(entry["published"], entry["dataset"], "queries"),
        "dataset": paths.dataset_inputs(entry["dataset"]),
        "weights": paths.extractor_inputs(entry["extractor"]),
    }


def calibrate_settings(wildcards):
    entry = config["calibrations"][wildcards.calibration]
    return {
        "extractor": describe.extractor(entry["extractor"]),
        "dataset": describe.dataset(entry["dataset"]),
        **describe.images(entry["dataset"], "queries"),
        **picked(entry, "queries", "image_sizes"),
    }


# Which settings give the features that were published: fails if none does.
rule calibrate:
    input:
        unpack(calibration_inputs),
    output:
        f"{OUTPUT}/calibrations/{{calibration}}.csv",
    log:
        f"{LOGS}/calibrate/{{calibration}}.log",
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: 6000 * attempt,
        runtime=60,
    params:
        recipe=recipe("calibrate", calibrate_settings),
    script:
        f"{SCRIPTS}/calibrate.py"


localrules:
    merge_features,
    adopt_features,
    join_features,
