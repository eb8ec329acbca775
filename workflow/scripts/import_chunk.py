"""Writes features that were computed elsewhere as those of one chunk of the images of a split."""

from pathlib import Path

from reprise.datasets.reading import read_dataset
from reprise.extractors.files import is_hdf5
from reprise.extractors.importing import import_images
from reprise.pipeline.job import job
from reprise.pipeline.own_data import check_unchanged

with job(snakemake) as parameters:
    chunk = int(snakemake.wildcards.chunk), int(snakemake.wildcards.chunks)
    dataset = read_dataset(parameters.dataset)
    images = dataset.split(parameters.split)
    shared = [Path(file) for file in snakemake.input.files if is_hdf5(file)]
    files = [Path(file) for file in snakemake.input.files if not is_hdf5(file)]
    parameters.images_read = [*(images.chunk(*chunk).paths if parameters.own_images else []), *files]
    import_images(
        dataset,
        parameters.split,
        slice(*images.bounds(*chunk)),
        parameters.extractor,
        snakemake.output[0],
        {"recipe": parameters.recipe, "first_image": images.bounds(*chunk)[0]},
    )
    if shared:
        check_unchanged(shared, parameters.files_hash)
