"""Scores every combination of the parameters of re-ranking."""

from reprise.pipeline.job import job
from reprise.reporting.reranked import write_sweep
from reprise.reranking.candidates import read_candidates

with job(snakemake) as parameters:
    write_sweep(
        read_candidates(snakemake.input.ranking, parameters.dataset, parameters.distractors),
        snakemake.input.pairs,
        snakemake.output[0],
        num_rerank=parameters.rerank,
        lam=parameters.similarity_weights,
        gamma=parameters.temperatures,
    )
