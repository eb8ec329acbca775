"""Pairs of images in blocks that memory holds."""

import numpy as np

from reprise.reranking.pair_blocks import _divided


def test_blocks_hold_what_the_memory_has_room_for():
    images, sizes = np.array([5, 1, 5, 0]), np.full(6, 100)
    assert [block.tolist() for block in _divided(images, sizes, 1000)] == [[0, 1, 5]]
    assert [block.tolist() for block in _divided(images, sizes, 200)] == [[0], [1, 5]]
    assert [block.tolist() for block in _divided(images, sizes, 50)] == [[0], [1], [5]]
