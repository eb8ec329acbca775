"""Finds the keypoints of one chunk of the images of a split."""

from reprise.datasets.reading import read_dataset
from reprise.extractors.chunks import extract_images
from reprise.extractors.detection import has_networks, load_detection
from reprise.pipeline.job import job

with job(snakemake) as parameters:
    device = "cpu"
    if has_networks(parameters.detector):  # others need no torch, whose import costs more than a small chunk
        from reprise.networks.devices import best_device

        device = best_device()
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
