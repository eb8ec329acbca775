"""Finds the keypoints of one chunk of the images of a split."""

from reprise.datasets.reading import read_dataset
from reprise.extractors.chunks import device_of, extract_images
from reprise.extractors.detection import has_networks, load_detection
from reprise.pipeline.job import job

with job(snakemake) as parameters:
    device = device_of(has_networks(parameters.detector))
    chunk = int(snakemake.wildcards.chunk), int(snakemake.wildcards.chunks)
    images = read_dataset(parameters.dataset).split(parameters.split)
    parameters.images_read = images.chunk(*chunk).paths
    extract_images(
        images.chunk(*chunk),
        load_detection(parameters.detector, device),
        snakemake.output[0],
        attributes={"recipe": parameters.recipe, "first_image": images.bounds(*chunk)[0]},
        undecodable=snakemake.resources.undecodable,
        truncated=snakemake.resources.truncated,
        workers=snakemake.threads,
    )
