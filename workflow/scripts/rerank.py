"""Re-ranks the first images of a ranking by their comparison with the query."""

from reprise.pipeline.job import job
from reprise.reranking.candidates import read_candidates
from reprise.reranking.steps import rerank_files

with job(snakemake) as parameters:
    rerank_files(
        read_candidates(snakemake.input.ranking, parameters.dataset, parameters.distractors),
        snakemake.input.pairs,
        snakemake.output[0],
        scorer=parameters.scorer,
        files={"database": snakemake.input.database},
        shortlist=parameters.shortlist,
        settings=parameters.settings,
        junk=getattr(parameters, "junk", "last"),
        attributes={"recipe": parameters.recipe},
    )
