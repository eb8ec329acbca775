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
        "dataset": describe.judged(base),
        "title": f"{' and '.join(methods)} on {wildcards.searched}",
        "methods": methods,
        "templates": templates_hash(),
        **config["gallery"],
        **({"exif": config["exif"]} if config["exif"] else {}),
    }


rule gallery:
    input:
        unpack(gallery_inputs),
    output:
        page=f"{OUTPUT}/galleries/{{shown}}/{{searched}}.html",
        previews=directory(f"{OUTPUT}/galleries/{{shown}}/{{searched}}"),
    log:
        f"{LOGS}/gallery/{{shown}}/{{searched}}.log",
    wildcard_constraints:
        shown=rf"({RANKED})(\.vs\.({RANKED}))?",
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=60,
    params:
        recipe=recipe("gallery", gallery_settings),
    script:
        f"{SCRIPTS}/gallery.py"


def reported():
    """The tables of the report."""
    tables = config["report"]["tables"]
    return list(config["tables"]) if tables is None else tables


def galleries_of(table):
    """What a report says of the galleries of a table: the row that each belongs to, and its page."""
    wanted = config["report"]["galleries"]
    return [
        {
            **row,
            "dataset": searched,
            "page": rules.gallery.output.page.format(
                shown=row["experiment"], searched=searched
            ),
        }
        for row in table_rows(config, table)
        for searched in measured(config, table)
        if searched in config["datasets"]
        if (wanted is None or row["experiment"] in wanted)
        and re.fullmatch(RANKED, row["experiment"])
    ]


def report_inputs(wildcards):
    return {
        "tables": expand(rules.table.output.csv, table=reported()),
        "provenance": expand(rules.table.output.provenance, table=reported()),
        "evaluations": list(
            dict.fromkeys(
                file for table in reported() for file in evaluations_of(table)
            )
        ),
        "galleries": list(
            dict.fromkeys(
                gallery["page"]
                for table in reported()
                for gallery in galleries_of(table)
            )
        ),
    }


def report_settings(wildcards):
    return {
        "title": config["report"]["title"],
        "galleries": [galleries_of(table) for table in reported()],
        "templates": templates_hash(),
    }


# All tables on one page.
rule report_page:
    input:
        unpack(report_inputs),
    output:
        f"{OUTPUT}/report.html",
    log:
        f"{LOGS}/report_page.log",
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        recipe=recipe("report_page", report_settings),
    script:
        f"{SCRIPTS}/report_page.py"
