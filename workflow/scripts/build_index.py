"""Builds the inverted file of a database within the memory that the job may use."""

from reprise.asmk.aggregated_files import AggregatedFiles
from reprise.asmk.inverted_file import InvertedFile
from reprise.pipeline.job import job

with job(snakemake) as parameters:
    parts = AggregatedFiles(snakemake.input)
    InvertedFile.build_on_disk(
        parts,
        parts.n_words,
        snakemake.output[0],
        n_images=parts.n_images,
        idf=parameters.idf,
        memory=snakemake.resources.index_mib * 1024**2,
    )
