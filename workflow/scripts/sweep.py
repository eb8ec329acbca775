"""Evaluates every combination of the parameters of re-ranking."""

from reprise.pipeline.job import job
from reprise.reporting.sweeps import write_sweep
from reprise.reranking.candidates import read_candidates

with job(snakemake) as parameters:
    write_sweep(
        read_candidates(snakemake.input.ranking, parameters.dataset, parameters.distractors),
        snakemake.input.pairs,
        snakemake.output[0],
        shortlist=parameters.shortlist,
        similarity_weights=parameters.similarity_weights,
        temperatures=parameters.temperatures,
        junk=getattr(parameters, "junk", "last"),
    )
