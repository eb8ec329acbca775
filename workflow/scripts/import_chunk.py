"""Writes features that were computed elsewhere as those of one chunk of the images of a split."""

from pathlib import Path

from reprise.datasets.reading import read_dataset
from reprise.extractors.importing import import_images
from reprise.pipeline.job import job

with job(snakemake) as parameters:
    chunk = int(snakemake.wildcards.chunk), int(snakemake.wildcards.chunks)
    dataset = read_dataset(parameters.dataset)
    images = dataset.split(parameters.split)
    own = images.chunk(*chunk).paths if parameters.own_images else []
    parameters.images_read = [*own, *map(Path, snakemake.input.files)]
    import_images(
        dataset,
        parameters.split,
        slice(*images.bounds(*chunk)),
        parameters.extractor,
        snakemake.output[0],
        {"recipe": parameters.recipe, "first_image": images.bounds(*chunk)[0]},
    )
