"""Local features, neighbours and networks for the tests of re-ranking."""

import numpy as np
import torch
from reference.ames import plain_logits
from reference.weights import fill_weights

from reprise.formats.arrays import LocalFeatures
from reprise.formats.feature_writing import feature_writer
from reprise.formats.rankings import RankedList
from reprise.networks.ames import AMES

DIM = 24


def network(binarized=False):
    """A network whose logits spread over some units."""
    result = fill_weights(AMES(DIM, binarized))
    result.load_state_dict({**result.state_dict(), "classifier.weight": 4 * result.state_dict()["classifier.weight"]})
    return result


def descriptors(counts, seed):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(count, DIM)).astype(np.float16).astype(np.float32) for count in counts]


def write_dense(path, images, num_features):
    """A dense file of descriptors, one array per image, with names."""
    names = [f"{path.stem}{number}" for number in range(len(images))]
    with feature_writer(path, DIM, {}, layout="dense", names=names, num_features=num_features) as writer:
        for name, values in zip(names, images, strict=True):
            count = len(values)
            weights = np.arange(count, 0, -1, dtype=np.float32)
            writer.append(name, LocalFeatures(values, weights, np.zeros((count, 2), "f4"), np.zeros(count, "f4")))


def neighbors(num_queries, num_images, seed=0):
    """A complete ranking of each query."""
    rng = np.random.default_rng(seed)
    indices = np.stack([rng.permutation(num_images) for _ in range(num_queries)])
    similarities = -np.sort(-rng.random((num_queries, num_images)).astype(np.float32), axis=1)
    return RankedList(indices, similarities)


def padded(images, length):
    """(n, length, DIM) and the mask of padding."""
    values, mask = torch.zeros(len(images), length, DIM), torch.ones(len(images), length, dtype=torch.bool)
    for row, image in enumerate(images):
        count = min(len(image), length)
        values[row, :count], mask[row, :count] = torch.from_numpy(image[:count]), False
    return values, mask


@torch.no_grad()
def plain(net, queries, images, pairs, left, right):
    """The logits of ``pairs`` (query, image) by the dense model with masks."""
    src, src_mask = padded([queries[query] for query, _ in pairs], left)
    tgt, tgt_mask = padded([images[image] for _, image in pairs], right)
    return plain_logits(net, src, src_mask, tgt, tgt_mask)[0].numpy()
