# From global descriptors, or downloaded neighbours, to rankings.


def global_descriptors(wildcards):
    """The features with the global descriptors of a database, and of its distractors."""
    extractor = config["neighbors"][wildcards.neighbors]["extractor"]
    return [
        paths.features(extractor, dataset, "database")
        for dataset in paths.parts(wildcards.searched)
        if dataset
    ]


def global_queries(wildcards):
    """The features of the queries; images without queries are compared with each other."""
    extractor = config["neighbors"][wildcards.neighbors]["extractor"]
    dataset = paths.parts(wildcards.searched)[0]
    layout = paths.layout(dataset)
    if layout.among_themselves or not layout.has_queries:
        return []
    return paths.features(extractor, dataset, "queries")


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
        database=global_descriptors,
        queries=global_queries,
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


rule rank_neighbors:
    input:
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
