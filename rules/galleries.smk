# What experiments found, to look at: one experiment, or two side by side (<experiment>.vs.<experiment>).


def shown(wildcards):
    """The experiments of a gallery."""
    return wildcards.shown.split(".vs.")


def gallery_inputs(wildcards):
    """The rankings of a gallery, and their evaluations where the dataset has ground truth."""
    base, _ = paths.parts(wildcards.searched)
    evaluated = shown(wildcards) if paths.layout(base).truth else []
    return {
        "rankings": [
            paths.ranking(name, wildcards.searched) for name in shown(wildcards)
        ],
        "evaluations": [
            rules.evaluate.output[0].format(
                experiment=name, searched=wildcards.searched
            )
            for name in evaluated
        ],
        "datasets": paths.searched_inputs(wildcards.searched),
    }


def gallery_settings(wildcards):
    base, _ = paths.parts(wildcards.searched)
    methods = [config["experiments"][name]["method"] for name in shown(wildcards)]
    return {
        **describe.searched(wildcards.searched),
        "title": f"{' and '.join(methods)} on {wildcards.searched}",
        "methods": methods,
        "metrics": (
            metrics_for(paths.layout(base).truth) if paths.layout(base).truth else []
        ),
        "templates": templates_hash(),
        **config["gallery"],
    }


ranked = any_of(set(config["experiments"]) - set(searched_by("patches")))


rule gallery:
    input:
        unpack(gallery_inputs),
    output:
        page=f"{OUTPUT}/galleries/{{shown}}/{{searched}}.html",
        previews=directory(f"{OUTPUT}/galleries/{{shown}}/{{searched}}"),
    log:
        f"{LOGS}/gallery/{{shown}}/{{searched}}.log",
    wildcard_constraints:
        shown=rf"({ranked})(\.vs\.({ranked}))?",
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=60,
    params:
        recipe=recipe("gallery", gallery_settings),
    script:
        f"{SCRIPTS}/gallery.py"
