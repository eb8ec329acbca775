"""Fits the matrix that a binarized network starts from."""

from reprise.pipeline.job import job
from reprise.training.itq.quantisation import fit_binarizer
from reprise.training.itq.settings import ItqSettings

with job(snakemake) as parameters:
    fit_binarizer(
        snakemake.output[0],
        snakemake.input[0],
        ItqSettings(**{key: getattr(parameters, key) for key in ItqSettings.model_fields}),
    )
