"""Describes the keypoints of one chunk of the images of a split."""

from reprise.datasets.reading import read_dataset
from reprise.extractors.chunks import device_of
from reprise.extractors.describing import describe_images
from reprise.extractors.registry import has_networks, load_extractor
from reprise.pipeline.job import job

with job(snakemake) as parameters:
    device = device_of(has_networks(parameters.extractor))
    chunk = int(snakemake.wildcards.chunk), int(snakemake.wildcards.chunks)
    images = read_dataset(parameters.dataset).split(parameters.split)
    parameters.images_read = images.chunk(*chunk).paths
    describe_images(
        images.chunk(*chunk),
        load_extractor(parameters.extractor.pop("type"), device=device, **parameters.extractor),
        snakemake.input.keypoints,
        snakemake.output[0],
        attributes={"recipe": parameters.recipe, "first_image": images.bounds(*chunk)[0]},
        undecodable=snakemake.resources.undecodable,
        truncated=snakemake.resources.truncated,
        workers=snakemake.threads,
    )
