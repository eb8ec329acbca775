"""Shows a study of seeds as a page of its own."""

from reprise.pipeline.job import job
from reprise.reporting.table_page import write_study_page

with job(snakemake):
    write_study_page(snakemake.output[0], snakemake.input.study)
