"""Shows a table as a page of its own."""

from reprise.pipeline.job import job
from reprise.reporting.table_page import write_table_page

with job(snakemake):
    write_table_page(snakemake.output[0], snakemake.input.table)
