"""Fits the matrix that a binarized network starts from."""

from reprise.pipeline.job import job
from reprise.training.itq.quantisation import fit_binarizer
from reprise.training.itq.settings import ItqSettings
from reprise.training.threads import use_threads

with job(snakemake) as parameters:
    use_threads(parameters.threads)
    fit_binarizer(
        snakemake.output[0],
        snakemake.input[0],
        ItqSettings(**{key: getattr(parameters, key) for key in ItqSettings.model_fields}),
    )
