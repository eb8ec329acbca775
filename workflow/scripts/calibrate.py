"""Compares extracted local features with published ones under every combination of settings."""

from reprise.datasets.reading import read_dataset
from reprise.extractors.calibration import calibrate, write_table
from reprise.formats.features import open_features
from reprise.networks.devices import best_device
from reprise.pipeline.job import job

with job(snakemake) as parameters:
    queries = read_dataset(parameters.dataset).split("queries")
    parameters.images_read = queries.paths
    agreements = calibrate(
        parameters.extractor.pop("type"),
        parameters.extractor,
        queries.first(parameters.queries),
        open_features(snakemake.input.published),
        range(parameters.queries),
        image_sizes=parameters.image_sizes,
        device=best_device(),
    )
    write_table(snakemake.output[0], agreements)
