# From a chunk of images to its local features: in one stage, or by keypoints that several extractors share, which are
# detected first and described afterwards; or features that were computed elsewhere.


KEYPOINT_CHUNK = paths.keypoints(
    "{detector}", "{dataset}", "{split}.{chunk}-of-{chunks}"
)
FEATURE_CHUNK = paths.features(
    "{extractor}", "{dataset}", "{split}.{chunk}-of-{chunks}"
)


def extraction_inputs(wildcards):
    """The dataset, and the weights of extractors that have any."""
    return [
        *paths.dataset_inputs(wildcards.dataset, wildcards.split),
        *paths.extractor_inputs(wildcards.extractor),
    ]


def extractors_stored(layout):
    """The extractors whose features are stored in this way: ragged or dense."""
    return [
        name for name in config["extractors"] if paths.extractor(name).layout == layout
    ]


downloaded = [
    name
    for name, entry in config["extractors"].items()
    if entry["type"] == "downloaded"
]
imported = [
    name for name, entry in config["extractors"].items() if entry["type"] == "files"
]
described = [name for name in config["extractors"] if paths.detector(name)]
extracted = set(config["extractors"]).difference(downloaded, imported, described)


def network_gpus(wildcards):
    """One for extractors with weights; the others have no use for it."""
    return int(any(paths.networks(wildcards.extractor).values()))


passing = [
    name for name, entry in config["datasets"].items() if not entry["keep_features"]
]


# What damaged images do is no part of a recipe: in chunks without any it changes nothing, and with them the evaluation
# counts them and refuses those that are not allowed.
def on_undecodable(wildcards):
    # A query that cannot be read would be scored as if it had found nothing, so it is always an error.
    queries = wildcards.split == "queries"
    return "error" if queries else config["datasets"][wildcards.dataset]["undecodable"]


def on_truncated(wildcards):
    return paths.layout(wildcards.dataset).on_truncated


def chunk_settings(wildcards):
    """The images of a job."""
    return {
        "dataset": describe.split(wildcards.dataset, wildcards.split),
        "split": wildcards.split,
        **describe.images(
            wildcards.dataset,
            wildcards.split,
            (int(wildcards.chunk), int(wildcards.chunks)),
        ),
    }


def extract_chunk_settings(wildcards):
    extractor = describe.extractor(wildcards.extractor)
    return {"extractor": extractor, **chunk_settings(wildcards)}


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
        extractor=any_of(extracted),
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 6000 * attempt,
        runtime=240,
        gpu=network_gpus,
        undecodable=on_undecodable,
        truncated=on_truncated,
    params:
        recipe=recipe("extract_chunk", extract_chunk_settings),
    script:
        f"{SCRIPTS}/extract_chunk.py"


# Features of a million distractors are not kept: each chunk is deleted as soon as every experiment aggregated it.
# Dense ones are, because any of them may be re-ranked.
use rule extract_chunk as extract_passing_chunk with:
    output:
        temp(FEATURE_CHUNK),
    wildcard_constraints:
        dataset=any_of(passing),
        extractor=any_of(extracted.intersection(extractors_stored("ragged"))),


def detection_inputs(wildcards):
    """The dataset, and the weights of detectors that have any."""
    return [
        *paths.dataset_inputs(wildcards.dataset, wildcards.split),
        *paths.detector_inputs(wildcards.detector),
    ]


def detect_chunk_settings(wildcards):
    detector = describe.detector(wildcards.detector)
    return {"detector": detector, **chunk_settings(wildcards)}


rule detect_chunk:
    input:
        detection_inputs,
    output:
        KEYPOINT_CHUNK,
    log:
        f"{LOGS}/detect_chunk/{{detector}}/{{dataset}}/{{split}}.{{chunk}}-of-{{chunks}}.log",
    benchmark:
        f"{LOGS}/detect_chunk/{{detector}}/{{dataset}}/{{split}}.{{chunk}}-of-{{chunks}}.tsv"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 6000 * attempt,
        runtime=240,
        gpu=lambda wildcards: int(bool(paths.detector_networks(wildcards.detector))),
        undecodable=on_undecodable,
        truncated=on_truncated,
    params:
        recipe=recipe("detect_chunk", detect_chunk_settings),
    script:
        f"{SCRIPTS}/detect_chunk.py"


use rule detect_chunk as detect_passing_chunk with:
    output:
        temp(KEYPOINT_CHUNK),
    wildcard_constraints:
        dataset=any_of(passing),


def description_inputs(wildcards):
    """The keypoints of a chunk of images, beside what describes them."""
    return {
        "keypoints": KEYPOINT_CHUNK.format(
            **wildcards, detector=paths.detector(wildcards.extractor)
        ),
        "others": extraction_inputs(wildcards),
    }


# The settings of the detector are among those of the extractor: they say how the image was prepared.
rule describe_chunk:
    input:
        unpack(description_inputs),
    output:
        FEATURE_CHUNK,
    log:
        f"{LOGS}/describe_chunk/{{extractor}}/{{dataset}}/{{split}}.{{chunk}}-of-{{chunks}}.log",
    benchmark:
        f"{LOGS}/describe_chunk/{{extractor}}/{{dataset}}/{{split}}.{{chunk}}-of-{{chunks}}.tsv"
    wildcard_constraints:
        extractor=any_of(described),
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 6000 * attempt,
        runtime=240,
        gpu=network_gpus,
        undecodable=on_undecodable,
        truncated=on_truncated,
    params:
        recipe=recipe("describe_chunk", extract_chunk_settings),
    script:
        f"{SCRIPTS}/describe_chunk.py"


use rule describe_chunk as describe_passing_chunk with:
    output:
        temp(FEATURE_CHUNK),
    wildcard_constraints:
        dataset=any_of(passing),
        extractor=any_of(described),


def import_asked(wildcards):
    """The extractor and the chunk of a job."""
    chunk = int(wildcards.chunk), int(wildcards.chunks)
    return wildcards.extractor, wildcards.dataset, wildcards.split, chunk


def import_chunk_settings(wildcards):
    extractor, dataset, split, _ = import_asked(wildcards)
    return {
        "extractor": describe.given(extractor, dataset, split),
        "dataset": describe.split(dataset, split),
        "split": split,
        **describe.given_images(*import_asked(wildcards)),
    }


# Features that were computed elsewhere.
rule import_chunk:
    input:
        dataset=lambda wildcards: paths.dataset_inputs(
            wildcards.dataset, wildcards.split
        ),
        files=lambda wildcards: describe.given_files(*import_asked(wildcards)),
    output:
        FEATURE_CHUNK,
    log:
        f"{LOGS}/import_chunk/{{extractor}}/{{dataset}}/{{split}}.{{chunk}}-of-{{chunks}}.log",
    wildcard_constraints:
        extractor=any_of(imported),
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=60,
    params:
        recipe=recipe("import_chunk", import_chunk_settings),
    script:
        f"{SCRIPTS}/import_chunk.py"


use rule import_chunk as import_passing_chunk with:
    output:
        temp(FEATURE_CHUNK),
    wildcard_constraints:
        dataset=any_of(passing),
        extractor=any_of(imported),


ruleorder: extract_passing_chunk > extract_chunk
ruleorder: import_passing_chunk > import_chunk
ruleorder: detect_passing_chunk > detect_chunk
ruleorder: describe_passing_chunk > describe_chunk
