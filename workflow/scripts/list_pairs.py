"""Lists the pairs of images that are matched."""

from reprise.localization.stages.listing import list_pairs
from reprise.pipeline.job import job

with job(snakemake) as parameters:
    list_pairs(
        parameters.dataset,
        snakemake.output[0],
        reference_pairs=parameters.reference_pairs,
        covisible=parameters.covisible,
        query_pairs=parameters.query_pairs,
        ranking=snakemake.input.get("ranking"),
        shortlist=parameters.shortlist,
        unknown_names=parameters.unknown_names,
    )
