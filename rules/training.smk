# From images and matching pairs to networks.


def training_threads(wildcards):
    return config["trainings"][wildcards.training]["threads"]


def training_inputs(wildcards):
    """The images that are trained on, those of the validation, and the trunk that is started from."""
    training = config["trainings"][wildcards.training]
    validation, trunk = training["validation"], training["trunk"]
    return [
        *paths.dataset_inputs(training["dataset"]),
        *(paths.dataset_inputs(validation["dataset"]) if validation else []),
        *([paths.receipt(trunk)] if trunk else []),
    ]


def train_how_settings(wildcards):
    entry = config["trainings"][wildcards.training]
    validation = entry["validation"]
    return {
        "settings": {
            **without(entry, "type", "dataset", "threads", "trunk"),
            "validation": how_validation(validation) if validation else None,
        },
        "dataset": describe.dataset(entry["dataset"]),
        "validated": describe.dataset(validation["dataset"]) if validation else None,
        **describe.trained_on(
            [entry["dataset"], *([validation["dataset"]] if validation else [])]
        ),
        "trunk": paths.download(entry["trunk"]) if entry["trunk"] else None,
        "threads": entry["threads"],
        "state": paths.training_state(wildcards.training),
    }


def how_validation(entry):
    codebook = {**entry["codebook"], "size": words(entry["codebook"]["size"])}
    return {**without(entry, "dataset"), "codebook": codebook}


# Goes on at the last finished epoch after an interruption; what that needs is in the folder of its state.
rule train_how:
    input:
        training_inputs,
    output:
        best=paths.trained("{training}"),
        last=f"{OUTPUT}/models/{{training}}/last.pth",
        history=f"{OUTPUT}/models/{{training}}/history.csv",
        curves=report(
            f"{OUTPUT}/models/{{training}}/curves.svg",
            category="Training",
            labels={"training": "{training}"},
            caption="../workflow/report/curves.rst",
        ),
    log:
        f"{LOGS}/train_how/{{training}}.log",
    benchmark:
        f"{LOGS}/train_how/{{training}}.tsv"
    wildcard_constraints:
        training=any_of(trainings_of("how")),
    threads: training_threads
    resources:
        mem_mb=lambda wildcards, attempt: 32000 * attempt,
        runtime=4320,
        gpu=1,
    params:
        recipe=recipe("train_how", train_how_settings),
    script:
        f"{SCRIPTS}/train_how.py"


def ames_training_inputs(wildcards):
    """Features, neighbours and labels of the training images, and the networks that the training starts from."""
    training = config["trainings"][wildcards.training]
    dataset = training["dataset"]
    networks = [training[key] for key in ("teacher", "binarizer") if training[key]]
    return {
        "features": paths.features(training["extractor"], dataset, "database"),
        "neighbors": paths.neighbors_input(training["neighbors"], dataset),
        "dataset": paths.dataset_inputs(dataset),
        "networks": [paths.checkpoint_input(network) for network in networks],
    }


def validation_inputs(wildcards):
    validation = config["trainings"][wildcards.training]["validation"]
    if validation is None:
        return {}
    dataset = validation["dataset"]
    return {
        "validation_queries": paths.features(
            validation["extractor"], dataset, "queries"
        ),
        "validation_database": paths.features(
            validation["extractor"], dataset, "database"
        ),
        "validation_neighbors": paths.neighbors_input(validation["neighbors"], dataset),
        "validation_dataset": paths.dataset_inputs(dataset),
    }


def train_ames_settings(wildcards):
    entry = config["trainings"][wildcards.training]
    named = ("type", "dataset", "extractor", "neighbors", "teacher", "binarizer")
    validation = entry["validation"]
    return {
        "threads": entry["threads"],
        "settings": without(entry, *named, "threads", "validation"),
        "dataset": describe.dataset(entry["dataset"]),
        "neighbors": paths.neighbors(entry["neighbors"], entry["dataset"]),
        "teacher": describe.checkpoint(entry["teacher"]),
        "binarizer": describe.checkpoint(entry["binarizer"]),
        "validation": ames_validation(validation) if validation else None,
        "state": paths.training_state(wildcards.training),
    }


def ames_validation(entry):
    return {
        "settings": without(entry, "dataset", "queries", "extractor", "neighbors"),
        "dataset": describe.dataset(entry["dataset"]),
        "queries": entry["queries"],
        "neighbors": paths.neighbors(entry["neighbors"], entry["dataset"]),
    }


rule train_ames:
    input:
        unpack(ames_training_inputs),
        unpack(validation_inputs),
    output:
        best=paths.trained("{training}"),
        history=f"{OUTPUT}/models/{{training}}/history.csv",
        curves=report(
            f"{OUTPUT}/models/{{training}}/curves.svg",
            category="Training",
            labels={"training": "{training}"},
            caption="../workflow/report/curves.rst",
        ),
    log:
        f"{LOGS}/train_ames/{{training}}.log",
    benchmark:
        f"{LOGS}/train_ames/{{training}}.tsv"
    wildcard_constraints:
        training=any_of(trainings_of("ames")),
    threads: training_threads
    resources:
        mem_mb=lambda wildcards, attempt: 32000 * attempt,
        runtime=4320,
        gpu=1,
    params:
        recipe=recipe("train_ames", train_ames_settings),
    script:
        f"{SCRIPTS}/train_ames.py"


def train_itq_settings(wildcards):
    entry = config["trainings"][wildcards.training]
    return without(entry, "type", "dataset", "extractor")


rule train_itq:
    input:
        lambda wildcards: paths.features(
            config["trainings"][wildcards.training]["extractor"],
            config["trainings"][wildcards.training]["dataset"],
            "database",
        ),
    output:
        paths.trained("{training}"),
    log:
        f"{LOGS}/train_itq/{{training}}.log",
    wildcard_constraints:
        training=any_of(trainings_of("itq")),
    threads: training_threads
    resources:
        mem_mb=lambda wildcards, attempt: 16000 * attempt,
        runtime=480,
    params:
        recipe=recipe("train_itq", train_itq_settings),
    script:
        f"{SCRIPTS}/train_itq.py"


def initialise_dinov2_settings(wildcards):
    entry = config["trainings"][wildcards.training]
    return {
        "dataset": describe.dataset(entry["dataset"]),
        "images": entry["images"],
        "settings": without(entry, "type", "dataset", "threads", "images"),
        "threads": entry["threads"],
    }


# A small backbone with random weights, for trials without a download.
rule initialise_dinov2:
    input:
        lambda wildcards: paths.dataset_inputs(
            config["trainings"][wildcards.training]["dataset"]
        ),
    output:
        backbone=paths.trained("{training}"),
        detector=paths.trained("{training}", "detector"),
    log:
        f"{LOGS}/initialise_dinov2/{{training}}.log",
    wildcard_constraints:
        training=any_of(trainings_of("dinov2")),
    threads: training_threads
    resources:
        mem_mb=lambda wildcards, attempt: 6000 * attempt,
        runtime=60,
    params:
        recipe=recipe("initialise_dinov2", initialise_dinov2_settings),
    script:
        f"{SCRIPTS}/initialise_dinov2.py"


def train_settings(wildcards):
    return {
        "system": config["trainings"][wildcards.training]["type"],
        "description": trainings.described(wildcards.training),
        **describe.training_files(trainings.datasets(wildcards.training)),
        "threads": training_threads(wildcards),
        "state": paths.training_state(wildcards.training),
    }


# A system without a rule of its own, such as one of somebody else's, by its module.
rule train:
    input:
        lambda wildcards: trainings.inputs(wildcards.training),
    output:
        best=paths.trained("{training}"),
        history=f"{OUTPUT}/models/{{training}}/history.csv",
        curves=report(
            f"{OUTPUT}/models/{{training}}/curves.svg",
            category="Training",
            labels={"training": "{training}"},
            caption="../workflow/report/curves.rst",
        ),
    log:
        f"{LOGS}/train/{{training}}.log",
    benchmark:
        f"{LOGS}/train/{{training}}.tsv"
    wildcard_constraints:
        training=any_of(
            set(config["trainings"])
            - set(trainings_of("how", "ames", "itq", "dinov2"))
        ),
    threads: training_threads
    resources:
        mem_mb=lambda wildcards, attempt: 32000 * attempt,
        runtime=4320,
        gpu=1,
    params:
        recipe=recipe("train", train_settings),
    script:
        f"{SCRIPTS}/train.py"
