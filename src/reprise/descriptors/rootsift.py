"""RootSIFT of normalised patches: SIFT with the Hellinger kernel (Arandjelovic and Zisserman, CVPR 2012)."""

import numpy as np

from reprise.descriptors import sift
from reprise.descriptors.sift import Settings


class Descriptor(sift.Descriptor):
    """The square root of L1-normalised SIFT, of unit L2 norm; a zero vector, from a patch without contrast, is kept."""

    def of_patches(self, patches: np.ndarray) -> np.ndarray:
        """See :meth:`PatchDescriptor.of_patches`."""
        vectors = super().of_patches(patches)
        return np.sqrt(vectors / np.maximum(vectors.sum(axis=1, keepdims=True), 1))


Descriptor.Settings = Settings
