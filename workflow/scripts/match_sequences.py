"""Matches the pairs of images of the sequences of a dataset, and compares the matches with their homographies."""

from contextlib import ExitStack

from reprise.datasets.hpatches_sequences import read_image_sequences
from reprise.datasets.reading import read_dataset
from reprise.formats.features import open_features
from reprise.formats.pair_errors import write_measured_pairs
from reprise.matching.sequences import match_sequences
from reprise.pipeline.job import job

with job(snakemake) as parameters, ExitStack() as stack:
    parameters.images_read = read_dataset(parameters.dataset).paths
    features, *framed = [stack.enter_context(open_features(path)) for path in snakemake.input.features]
    measured = match_sequences(
        read_image_sequences(parameters.dataset),
        features,
        *framed,
        max_distance=parameters.max_distance,
        threads=snakemake.threads,
    )
    write_measured_pairs(snakemake.output[0], measured, {"recipe": parameters.recipe})
