"""Small files of dense local features in the published layouts."""

import h5py
import numpy as np

from reprise.formats.arrays import LocalFeatures

ROWS, DIM = 6, 16


def random_features(rng, count, dim=DIM, **global_descriptors):
    return LocalFeatures(
        rng.standard_normal((count, dim)).astype(np.float32),
        -np.sort(-rng.random(count)).astype(np.float32),
        rng.random((count, 2)).astype(np.float32),
        rng.integers(0, 3, count).astype(np.float32),
        global_descriptors=global_descriptors,
    )


def arrays(images):
    """Metadata and descriptors of several images, as in the published files."""
    metadata, descriptors = np.zeros((len(images), ROWS, 5), np.float32), np.zeros((len(images), ROWS, DIM), np.float32)
    metadata[:, :, 3] = 1
    for image, features in enumerate(images):
        count = len(features)
        metadata[image, :count] = np.column_stack(
            [features.keypoints, features.scales, np.zeros(count), features.scores]
        )
        descriptors[image, :count] = features.descriptors
    return metadata, descriptors


def flat(path, images, dtype, **options):
    with h5py.File(path, "w") as file:
        file.create_dataset("features", data=np.concatenate(arrays(images), axis=2).astype(dtype), **options)


def compound(path, images, dtype="<f2", pack=False, **options):
    metadata, descriptors = arrays(images)
    values = np.packbits(descriptors > 0, axis=-1) if pack else descriptors.astype(dtype)
    record = np.dtype([("metadata", "<f4", (ROWS, 5)), ("descriptor", values.dtype, values.shape[1:])])
    content = np.zeros(len(images), record)
    content["metadata"], content["descriptor"] = metadata, values
    with h5py.File(path, "w") as file:
        file.create_dataset("features", data=content, **options)
