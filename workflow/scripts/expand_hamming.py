"""Searches again with every query and the merged signatures of its verified images."""

from reprise.pipeline.job import job
from reprise.reranking.candidates import read_candidates
from reprise.reranking.expand_hamming import expand_files

with job(snakemake) as parameters:
    expand_files(
        read_candidates(snakemake.input.ranking, parameters.dataset, None),
        snakemake.input.index,
        snakemake.input.codebook,
        snakemake.input.embedding,
        snakemake.input.queries,
        {"queries": snakemake.input.query_regions, "database": snakemake.input.database_regions},
        snakemake.output[0],
        num_features=parameters.num_features,
        query_assignments=parameters.query_assignments,
        votes=parameters.votes,
        settings=parameters.settings,
        attributes={"recipe": parameters.recipe},
    )
