# From features and the poses of references to the poses of queries: pairs, matches, a COLMAP database, a model.

from reprise.formats.colmap_models import MODEL_FILES

MATCH_CHUNK = f"{OUTPUT}/matches/{{matching}}/{{dataset}}/{{chunk}}-of-{{chunks}}.h5"
LOCALIZED = {"experiment": any_of(searched_by("localization"))}


def matching_of(wildcards):
    return config["experiments"][wildcards.experiment]["matching"]


def features_of_both_splits(matching, dataset):
    """The features of the references and of the queries of a dataset."""
    extractor = config["matchings"][matching]["extractor"]
    return [
        paths.features(extractor, dataset, split) for split in ("database", "queries")
    ]


def localization_settings(*keys):
    """The dataset of a job, and those of its settings that a stage reads."""

    def settings(wildcards):
        entry = config["experiments"][wildcards.experiment]
        return {
            "dataset": describe.dataset(wildcards.dataset),
            "localization": picked(entry["localization"], *keys),
        }

    return settings


def pair_lists(wildcards):
    """The published lists of pairs of a dataset, None where pairs are found here."""
    entry = config["matchings"][wildcards.matching]
    return {
        key: entry[key].get(wildcards.dataset)
        for key in ("reference_pairs", "query_pairs")
    }


def pair_sources(wildcards):
    """The published lists of pairs, and the ranking, of which pairs are made."""
    listed = pair_lists(wildcards)
    found = {"lists": [paths.receipt(source) for source in listed.values() if source]}
    if not listed["query_pairs"]:
        retrieval = config["matchings"][wildcards.matching]["retrieval"]
        found["ranking"] = paths.ranking(retrieval, wildcards.dataset)
    return found


def list_pairs_settings(wildcards):
    entry = config["matchings"][wildcards.matching]
    files = {
        key: paths.download(source) if source else None
        for key, source in pair_lists(wildcards).items()
    }
    return {
        "dataset": describe.dataset(wildcards.dataset),
        **files,
        **picked(entry, "covisible", "shortlist", "unknown_names"),
    }


rule list_pairs:
    input:
        unpack(pair_sources),
        dataset=lambda wildcards: paths.dataset_inputs(wildcards.dataset),
    output:
        paths.pairs("{matching}", "{dataset}"),
    log:
        f"{LOGS}/list_pairs/{{matching}}/{{dataset}}.log",
    resources:
        mem_mb=lambda wildcards, attempt: 8000 * attempt,
        runtime=60,
    params:
        recipe=recipe("list_pairs", list_pairs_settings),
    script:
        f"{SCRIPTS}/list_pairs.py"


def match_chunk_settings(wildcards):
    return picked(config["matchings"][wildcards.matching], "max_distance")


rule match_chunk:
    input:
        pairs=rules.list_pairs.output[0],
        features=lambda wildcards: features_of_both_splits(
            wildcards.matching, wildcards.dataset
        ),
    output:
        MATCH_CHUNK,
    log:
        f"{LOGS}/match_chunk/{{matching}}/{{dataset}}/{{chunk}}-of-{{chunks}}.log",
    benchmark:
        f"{LOGS}/match_chunk/{{matching}}/{{dataset}}/{{chunk}}-of-{{chunks}}.tsv"
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: (config["pairs_mib"] + 3000) * attempt,
        runtime=480,
        pairs_mib=config["pairs_mib"],
    params:
        recipe=recipe("match_chunk", match_chunk_settings),
    script:
        f"{SCRIPTS}/match_chunk.py"


def match_chunks(wildcards):
    matching = matching_of(wildcards)
    count = config["matchings"][matching]["chunks"]
    return expand(
        MATCH_CHUNK,
        matching=matching,
        dataset=wildcards.dataset,
        chunk=range(1, count + 1),
        chunks=count,
    )


def experiment_matches(wildcards):
    """The features and matches of an experiment, and what its dataset is read of."""
    return {
        "features": features_of_both_splits(matching_of(wildcards), wildcards.dataset),
        "matches": match_chunks(wildcards),
        "dataset": paths.dataset_inputs(wildcards.dataset),
    }


rule build_database:
    input:
        unpack(experiment_matches),
    output:
        paths.model("{experiment}", "{dataset}", "database.db"),
    log:
        f"{LOGS}/build_database/{{experiment}}/{{dataset}}.log",
    wildcard_constraints:
        **LOCALIZED,
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: 8000 * attempt,
        runtime=480,
    params:
        recipe=recipe(
            "build_database",
            localization_settings(
                "colmap_half_pixel",
                "verification",
                "verification_error",
                "min_num_matches",
                "registration",
                "seed",
            ),
        ),
    script:
        f"{SCRIPTS}/build_database.py"


rule triangulate:
    input:
        database=rules.build_database.output[0],
        dataset=lambda wildcards: paths.dataset_inputs(wildcards.dataset),
    output:
        [paths.model("{experiment}", "{dataset}", name) for name in MODEL_FILES],
    log:
        f"{LOGS}/triangulate/{{experiment}}/{{dataset}}.log",
    benchmark:
        f"{LOGS}/triangulate/{{experiment}}/{{dataset}}.tsv"
    wildcard_constraints:
        **LOCALIZED,
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: 16000 * attempt,
        runtime=720,
    params:
        recipe=recipe(
            "triangulate",
            localization_settings(
                "min_num_matches", "filter_max_reproj_error", "seed"
            ),
        ),
    script:
        f"{SCRIPTS}/triangulate.py"


rule localize:
    input:
        unpack(experiment_matches),
        database=rules.build_database.output[0],
        model=rules.triangulate.output,
    output:
        f"{OUTPUT}/poses/{{experiment}}/{{dataset}}.json",
    log:
        f"{LOGS}/localize/{{experiment}}/{{dataset}}.log",
    benchmark:
        f"{LOGS}/localize/{{experiment}}/{{dataset}}.tsv"
    wildcard_constraints:
        **LOCALIZED,
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 16000 * attempt,
        runtime=240,
    params:
        recipe=recipe(
            "localize",
            localization_settings(
                "colmap_half_pixel",
                "min_num_matches",
                "registration",
                "max_error",
                "min_inliers",
                "min_inlier_ratio",
                "seed",
            ),
        ),
    script:
        f"{SCRIPTS}/localize.py"


rule evaluate_localization:
    input:
        located=rules.localize.output[0].replace("{dataset}", "{searched}"),
        dataset=lambda wildcards: paths.dataset_inputs(wildcards.searched),
    output:
        f"{OUTPUT}/evaluations/{{experiment}}/{{searched}}.json",
    log:
        f"{LOGS}/evaluate_localization/{{experiment}}/{{searched}}.log",
    wildcard_constraints:
        **LOCALIZED,
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        recipe=recipe(
            "evaluate_localization",
            lambda wildcards: {"dataset": describe.dataset(wildcards.searched)},
        ),
    script:
        f"{SCRIPTS}/evaluate_localization.py"


# What visuallocalization.net takes.
rule submission:
    input:
        rules.localize.output[0],
    output:
        f"{OUTPUT}/submissions/{{experiment}}/{{dataset}}.txt",
    log:
        f"{LOGS}/submission/{{experiment}}/{{dataset}}.log",
    wildcard_constraints:
        **LOCALIZED,
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        recipe=recipe("submission", lambda wildcards: {}),
    script:
        f"{SCRIPTS}/submission.py"


localrules:
    list_pairs,
    evaluate_localization,
    submission,
