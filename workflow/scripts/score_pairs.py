"""Compares a chunk of the queries with the first images of their rankings."""

from reprise.networks.devices import best_device
from reprise.pipeline.job import job
from reprise.reranking.candidates import read_candidates
from reprise.reranking.scorers import load_scorer
from reprise.reranking.scoring import Engine
from reprise.reranking.steps import score_pairs

with job(snakemake) as parameters:
    candidates = read_candidates(snakemake.input.ranking, parameters.dataset, parameters.distractors)
    score_pairs(
        load_scorer(parameters.scorer),
        {"queries": snakemake.input.queries, "database": snakemake.input.database, **parameters.checkpoints},
        candidates.lists(getattr(parameters, "junk", "last")),
        snakemake.output[0],
        shortlist=candidates.at_most(parameters.shortlist),
        num_images=len(candidates.ranking.database_names),
        settings=parameters.settings,
        chunk=int(snakemake.wildcards.chunk) - 1,
        num_chunks=int(snakemake.wildcards.chunks),
        engine=Engine(best_device(), threads=snakemake.threads, memory_mib=snakemake.resources.pairs_mib),
        attributes={"recipe": parameters.recipe},
    )
