# Pairs of images whose homography is known: matched, measured, and drawn.


def matched_features(wildcards):
    """The features of the images in their own size, and those of stretched images if they are measured, too."""
    entry = config["experiments"][wildcards.experiment]
    extractors = [entry[key] for key in ("extractor", "framed") if entry[key]]
    return [paths.features(name, wildcards.searched, "database") for name in extractors]


def match_sequences_settings(wildcards):
    return {
        "dataset": describe.dataset(wildcards.searched),
        **picked(config["experiments"][wildcards.experiment], "max_distance"),
        **describe.images(wildcards.searched, "database"),
    }


rule match_sequences:
    input:
        features=matched_features,
        dataset=lambda wildcards: paths.dataset_inputs(wildcards.searched),
    output:
        f"{OUTPUT}/sequences/{{experiment}}/{{searched}}.h5",
    log:
        f"{LOGS}/match_sequences/{{experiment}}/{{searched}}.log",
    benchmark:
        f"{LOGS}/match_sequences/{{experiment}}/{{searched}}.tsv"
    wildcard_constraints:
        experiment=any_of(searched_by("matching")),
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: 6000 * attempt,
        runtime=240,
    params:
        recipe=recipe("match_sequences", match_sequences_settings),
    script:
        f"{SCRIPTS}/match_sequences.py"


def evaluate_matching_settings(wildcards):
    return {
        "undecodable": config["datasets"][wildcards.searched]["undecodable"],
        "truncated": paths.layout(wildcards.searched).on_truncated,
    }


rule evaluate_matching:
    input:
        pairs=rules.match_sequences.output[0],
        features=matched_features,
    output:
        f"{OUTPUT}/evaluations/{{experiment}}/{{searched}}.json",
    log:
        f"{LOGS}/evaluate_matching/{{experiment}}/{{searched}}.log",
    wildcard_constraints:
        experiment=any_of(searched_by("matching")),
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=10,
    params:
        recipe=recipe("evaluate_matching", evaluate_matching_settings),
    script:
        f"{SCRIPTS}/evaluate_matching.py"


def drawn_experiments(wildcards):
    figure = config["figures"][wildcards.figure]
    return config["tables"][figure["table"]]["experiments"]


def draw_accuracies_settings(wildcards):
    return {
        "labels": [
            config["experiments"][name]["method"]
            for name in drawn_experiments(wildcards)
        ]
    }


rule draw_accuracies:
    input:
        lambda wildcards: expand(
            rules.evaluate_matching.output[0],
            experiment=drawn_experiments(wildcards),
            searched=config["figures"][wildcards.figure]["dataset"],
        ),
    output:
        report(
            f"{OUTPUT}/figures/{{figure}}.pdf",
            category="Figures",
            labels={"figure": "{figure}"},
            caption="../workflow/report/accuracies.rst",
        ),
    log:
        f"{LOGS}/draw_accuracies/{{figure}}.log",
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        recipe=recipe("draw_accuracies", draw_accuracies_settings),
    script:
        f"{SCRIPTS}/draw_accuracies.py"


localrules:
    evaluate_matching,
    draw_accuracies,
