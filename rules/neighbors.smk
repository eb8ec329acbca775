# From global descriptors, or downloaded neighbours, to rankings.


def global_descriptors(neighbors, searched):
    """The features with the global descriptors of a database, and of its distractors."""
    extractor = config["neighbors"][neighbors]["extractor"]
    return [
        paths.features(extractor, dataset, "database")
        for dataset in paths.parts(searched)
        if dataset
    ]


def global_queries(neighbors, searched):
    """The features of the queries; images without queries are compared with each other."""
    dataset, _ = paths.parts(searched)
    layout = paths.layout(dataset)
    if layout.among_themselves or not layout.has_queries:
        return []
    return [
        paths.features(config["neighbors"][neighbors]["extractor"], dataset, "queries")
    ]


def find_neighbors_settings(wildcards):
    entry = config["neighbors"][wildcards.neighbors]
    layout = paths.layout(paths.parts(wildcards.searched)[0])
    return {
        "descriptor": entry["descriptor"],
        "count": None if layout.whole else entry["count"],
        "exclude_self": layout.within,
    }


rule find_neighbors:
    input:
        database=lambda wildcards: global_descriptors(**wildcards),
        queries=lambda wildcards: global_queries(**wildcards),
    output:
        f"{OUTPUT}/neighbors/{{neighbors}}/{{searched}}.pkl",
    log:
        f"{LOGS}/find_neighbors/{{neighbors}}/{{searched}}.log",
    threads: 4
    resources:
        mem_mb=lambda wildcards, attempt: 16000 * attempt,
        runtime=240,
    params:
        recipe=recipe("find_neighbors", find_neighbors_settings),
    script:
        f"{SCRIPTS}/find_neighbors.py"


def rank_neighbors_settings(wildcards):
    neighbors = config["experiments"][wildcards.experiment]["neighbors"]
    return {
        "neighbors": paths.neighbors(neighbors, wildcards.searched),
        **describe.searched(wildcards.searched),
    }


def compared_images(wildcards):
    """The features of data without ground truth, which tell what could not be decoded and is not found."""
    name = config["experiments"][wildcards.experiment]["neighbors"]
    base, _ = paths.parts(wildcards.searched)
    unjudged = config["datasets"][base]["images"] is None and not paths.layout(base).truth
    if not unjudged or config["neighbors"][name]["extractor"] is None:
        return []
    searched = wildcards.searched
    return [*global_descriptors(name, searched), *global_queries(name, searched)]


rule rank_neighbors:
    input:
        features=compared_images,
        neighbors=lambda wildcards: paths.neighbors_input(
            config["experiments"][wildcards.experiment]["neighbors"],
            wildcards.searched,
        ),
        datasets=lambda wildcards: paths.searched_inputs(wildcards.searched),
    output:
        paths.ranking("{experiment}", "{searched}"),
    log:
        f"{LOGS}/rank_neighbors/{{experiment}}/{{searched}}.log",
    wildcard_constraints:
        experiment=any_of(searched_by("global")),
    resources:
        mem_mb=lambda wildcards, attempt: 8000 * attempt,
        runtime=60,
    params:
        recipe=recipe("rank_neighbors", rank_neighbors_settings),
    script:
        f"{SCRIPTS}/rank_neighbors.py"
