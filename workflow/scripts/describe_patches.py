"""Describes all patches of a set that evaluations need."""

from reprise.datasets.patch_sets import images_of_patches
from reprise.descriptors.registry import load_patch_descriptor
from reprise.formats.described_patches import write_described
from reprise.networks.devices import best_device
from reprise.pipeline.job import job

with job(snakemake) as parameters:
    describe = load_patch_descriptor(parameters.descriptor, best_device())
    described = ((name, describe(patches)) for name, patches in images_of_patches(parameters.dataset))
    write_described(snakemake.output[0], described, {"recipe": parameters.recipe})
