"""Searches again with every query and the features of its verified images, aggregated together."""

from reprise.pipeline.job import job
from reprise.reranking.candidates import read_candidates
from reprise.reranking.expand_asmk import expand_files

with job(snakemake) as parameters:
    expand_files(
        read_candidates(snakemake.input.ranking, parameters.dataset, None),
        snakemake.input.index,
        snakemake.input.codebook,
        {"queries": snakemake.input.query_features, "database": snakemake.input.database_features},
        {"queries": snakemake.input.query_regions, "database": snakemake.input.database_regions},
        snakemake.output[0],
        num_features=parameters.num_features,
        region_features=parameters.region_features,
        query_assignments=parameters.query_assignments,
        binary=parameters.binary,
        alpha=parameters.alpha,
        threshold=parameters.threshold,
        settings=parameters.settings,
        attributes={"recipe": parameters.recipe},
    )
