"""Compares a chunk of the queries with the first images of their rankings."""

from reprise.networks.devices import best_device
from reprise.pipeline.job import job
from reprise.reranking.candidates import read_candidates
from reprise.reranking.scoring import Engine
from reprise.reranking.stages import score_pairs

with job(snakemake) as parameters:
    candidates = read_candidates(snakemake.input.ranking, parameters.dataset, parameters.distractors)
    score_pairs(
        parameters.checkpoint,
        snakemake.input.queries,
        snakemake.input.database,
        candidates.neighbors,
        snakemake.output[0],
        num_rerank=candidates.at_most(parameters.rerank),
        ground_truth=candidates.ground_truth,
        query_descriptors=parameters.query_features,
        database_descriptors=parameters.num_features,
        chunk=int(snakemake.wildcards.chunk) - 1,
        num_chunks=int(snakemake.wildcards.chunks),
        engine=Engine(best_device(), threads=snakemake.threads, memory_mib=snakemake.resources.pairs_mib),
        attributes={"recipe": parameters.recipe},
    )
