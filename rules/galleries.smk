# What experiments found, to look at: one experiment, or two side by side (<experiment>.vs.<experiment>).


def shown(wildcards):
    """The experiments of a gallery."""
    return wildcards.shown.split(".vs.")


# The indexes of the searches with visual words.
DRAWN_INDEXES = {
    "asmk": rules.build_index,
    "bow": rules.build_bow,
    "hamming": rules.build_hamming,
}


def match_files(experiment, searched):
    """The files that matches of an experiment are drawn from, by their keys; none where none are drawn."""
    base, _ = paths.parts(searched)
    drawn = drawn_from(config, experiment, base)
    if not config["gallery"]["matches"] or drawn.by is None:
        return {}
    entry = config["experiments"][drawn.experiment]
    if "rerank" in entry:
        job = SimpleNamespace(reranker=entry["rerank"], searched=base)
        return {split: compared(split)(job) for split in ("queries", "database")}
    job = SimpleNamespace(experiment=drawn.experiment, searched=base, dataset=base)
    files = {
        "queries": experiment_queries(job),
        "database": experiment_features(job),
        "index": searched_index(DRAWN_INDEXES[drawn.by])(job),
        "codebook": experiment_codebook(job),
    }
    if drawn.by == "hamming":
        embedding = rules.train_embedding.output[0]
        files["embedding"] = embedding.format(experiment=drawn.experiment)
    return files


def matched(experiment, searched):
    """What matches of an experiment are drawn from, and what is said of them."""
    drawn = drawn_from(config, experiment, paths.parts(searched)[0])
    entry = config["experiments"][drawn.experiment]
    files = match_files(experiment, searched)
    if not files:
        return {"by": None, "note": drawn.note}
    if "rerank" in entry:
        pairs = reranking.pairs(drawn.experiment)
        settings = reranking.pair_settings(entry["rerank"], pairs)["settings"]
    else:
        settings = explained_settings(entry)
    return {"by": drawn.by, "note": drawn.note, "files": files, "settings": settings}


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
        "matched": [
            file
            for name in shown(wildcards)
            for file in match_files(name, wildcards.searched).values()
        ],
    }


def gallery_settings(wildcards):
    base, _ = paths.parts(wildcards.searched)
    methods = [config["experiments"][name]["method"] for name in shown(wildcards)]
    return {
        **describe.searched(wildcards.searched),
        "dataset": describe.judged(base),
        "title": f"{' and '.join(methods)} on {wildcards.searched}",
        "methods": methods,
        "matched": [matched(name, wildcards.searched) for name in shown(wildcards)],
        "templates": templates_hash("gallery.html"),
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


def table_page_settings(wildcards):
    return {"templates": templates_hash("table.html")}


# For Snakemake's own report, which shows pages and lets files of numbers be downloaded.
rule table_page:
    input:
        table=rules.table.output.csv,
        notes=rules.table.output.markdown,
    output:
        report(
            f"{OUTPUT}/{{table}}.html",
            category="Tables",
            labels={"table": "{table}"},
            caption="../workflow/report/table.rst",
        ),
    log:
        f"{LOGS}/table_page/{{table}}.log",
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        recipe=recipe("table_page", table_page_settings),
    script:
        f"{SCRIPTS}/table_page.py"


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


def curves_of(table):
    """The experiments and datasets whose precision over recall belongs to a table of mAP."""
    return [
        (row["experiment"], searched)
        for row in table_rows(config, table)
        for searched in measured(config, table)
        if re.fullmatch(RANKED, row["experiment"])
        and paths.layout(paths.parts(searched)[0]).truth in CURVES
        and any(metric == "mAP" for metric, _ in table_columns(config["tables"][table]))
    ]


def curved():
    """The same of all tables of the report."""
    found = (pair for table in reported() for pair in curves_of(table))
    return list(dict.fromkeys(found))


def report_inputs(wildcards):
    searched = list(dict.fromkeys(paths.parts(name)[0] for _, name in curved()))
    return {
        "tables": expand(rules.table.output.csv, table=reported()),
        "provenance": expand(rules.table.output.provenance, table=reported()),
        "pages": expand(rules.table_page.output[0], table=reported()),
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
        "rankings": [paths.ranking(name, searched) for name, searched in curved()],
        "datasets": [file for name in searched for file in paths.dataset_inputs(name)],
    }


def report_settings(wildcards):
    return {
        "title": config["report"]["title"],
        "galleries": [galleries_of(table) for table in reported()],
        "rows": [table_rows(config, table) for table in reported()],
        "datasets": {
            searched: describe.evaluated(paths.parts(searched)[0])
            for _, searched in curved()
        },
        "templates": templates_hash("report.html"),
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


localrules:
    table_page,
