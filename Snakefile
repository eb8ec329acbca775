# The table of contents: what is configured, how files follow from files (rules/), and what can be asked for.
#
#   snakemake -n                                          lists the targets
#   snakemake --cores 8 results/table2.csv                HOW + ASMK, Table 2
#   snakemake --configfile config/mini.yaml --cores 2 results/mini/table2.csv

from pathlib import Path

from snakemake.utils import min_version

min_version("9.27")

CONFIG = Path(workflow.basedir) / "config"


configfile: CONFIG / "config.yaml"
configfile: CONFIG / "how.yaml"
configfile: CONFIG / "ames.yaml"
configfile: CONFIG / "hardnet.yaml"
configfile: CONFIG / "verification.yaml"
configfile: CONFIG / "hndesc.yaml"
configfile: CONFIG / "localization.yaml"
configfile: CONFIG / "hndesc_retrieval.yaml"
configfile: CONFIG / "tokyo.yaml"
configfile: CONFIG / "hndesc_training.yaml"


include: "rules/common.smk"


localrules:
    targets,
    everything,


# The first rule is what runs when nothing is asked for. The folders are for those who read a dry run.
rule targets:
    resources:
        output=OUTPUT,
        data=DATA,
    message:
        describe_targets(config)


rule everything:
    input:
        expand(f"{OUTPUT}/{{table}}.csv", table=config["tables"]),


include: "rules/download.smk"
include: "rules/extraction.smk"
include: "rules/features.smk"
include: "rules/codebooks.smk"
include: "rules/asmk.smk"
include: "rules/engines.smk"
include: "rules/neighbors.smk"
include: "rules/rerank.smk"
include: "rules/expansion.smk"
include: "rules/training.smk"
include: "rules/patches.smk"
include: "rules/localization.smk"
include: "rules/matching.smk"
include: "rules/tables.smk"
include: "rules/galleries.smk"
include: "rules/seeds.smk"


stop_at_errors(workflow.rules)
ignore_code_trigger(workflow)

# What is shown of a run, and what `reprise explain` says, is made of the jobs as data.
display = sys.modules.get("snakemake_logger_plugin_reprise")
if display:
    display.follow(workflow)


# Before the first job, and only here: jobs of a cluster are started with --no-hooks.
onstart:
    check_kept(
        (job.output, job.params.recipe)
        for job in workflow.dag.jobs
        if "recipe" in job.params.keys() and not workflow.dag.needrun(job)
    )
    check_downloads(
        job.wildcards.source
        for job in workflow.dag.jobs
        if job.rule.name == "download" and workflow.dag.needrun(job)
    )
    if workflow.executor_plugin.name == "slurm":
        check_slurm(workflow, ROOT / "profiles" / "slurm")
    if display:
        display.starts()
