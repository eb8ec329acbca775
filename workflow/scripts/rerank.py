"""Re-ranks the first images of rankings by their comparison with the query, and scores the result."""

from reprise.pipeline.job import job
from reprise.reporting.reranked import rerank_and_evaluate
from reprise.reranking.candidates import read_candidates

with job(snakemake) as parameters:
    rerank_and_evaluate(
        read_candidates(snakemake.input.ranking, parameters.dataset, parameters.distractors),
        snakemake.input.pairs,
        snakemake.input.tokens,
        snakemake.output.rankings,
        snakemake.output.evaluation,
        num_features=parameters.num_features,
        num_rerank=parameters.rerank,
        lam=parameters.similarity_weight,
        gamma=parameters.temperature,
        kappas=parameters.kappas,
        recipe=parameters.recipe,
    )
