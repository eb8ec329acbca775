# The table of contents: what is configured, how files follow from files (rules/), and what can be asked for.
#
#   snakemake -n                                          lists the targets
#   snakemake --cores 8 results/table2.csv                HOW + ASMK, Table 2
#   snakemake --configfile config/mini.yaml --cores 2 results/mini/table2.csv

from pathlib import Path

from snakemake.utils import min_version

min_version("9.27")


configfile: "config/config.yaml"


include: "rules/common.smk"


localrules:
    targets,


# The first rule is what runs when nothing is asked for.
rule targets:
    message:
        describe_targets(config)


include: "rules/download.smk"
include: "rules/features.smk"
include: "rules/codebooks.smk"
include: "rules/asmk.smk"
include: "rules/training.smk"
include: "rules/tables.smk"
