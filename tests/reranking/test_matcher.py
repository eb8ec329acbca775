"""The algebra that leaves work out: the same logits as the dense model with masks."""

import numpy as np
import pytest
import torch
from reference.ames import plain_match
from reranking_data import network

from reprise.reranking.matcher import Matcher, equal_groups


def tokens(counts, length, seed):
    rng = np.random.default_rng(seed)
    # The rows after an image's own are not zero, because nothing may depend on them.
    values = rng.normal(size=(len(counts), length, 128)).astype(np.float32)
    return values, np.arange(length) >= np.array(counts)[:, None]


@pytest.mark.parametrize(
    ("left", "right"), [((6, 6), (5, 5, 5)), ((1, 6), (1, 5, 3)), ((4, 2), (0, 5, 0)), ((300, 300), (260, 7, 260))]
)
def test_logits_of_the_dense_model(left, right):
    net = network()
    (s, s_mask), (t, t_mask) = tokens(left, max(left), 1), tokens(right, max(right), 2)
    matcher = Matcher(net, rows=700)
    queries, database = matcher.prepare(s, left), matcher.prepare(t, right)
    for query in range(len(left)):
        for image in range(len(right)):
            found = matcher.match(queries, np.array([query]), database, np.array([image]))
            inputs = [
                torch.from_numpy(x[[row]]) for x, row in ((s, query), (s_mask, query), (t, image), (t_mask, image))
            ]
            expected, _ = plain_match(net.state_dict(), *inputs)
            assert found.dtype == torch.float32
            np.testing.assert_allclose(found, expected, atol=1e-4, rtol=0)


def test_batches_of_pairs():
    net = network()
    (s, _), (t, _) = tokens([6] * 3, 6, 1), tokens([5] * 4, 5, 2)
    matcher = Matcher(net)
    query, image = np.array([0, 0, 2, 1, 2]), np.array([3, 1, 1, 0, 2])
    found = matcher.match(matcher.prepare(s, [6] * 3), query, matcher.prepare(t, [5] * 4), image)
    expected, _ = plain_match(net.state_dict(), torch.from_numpy(s[query]), None, torch.from_numpy(t[image]), None)
    np.testing.assert_allclose(found, expected, atol=1e-4, rtol=0)


def test_the_network_stays_as_it_was():
    net = network()
    net.train()
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    matcher = Matcher(net)
    values = tokens([4], 4, 0)[0]
    matcher.match(matcher.prepare(values, [4]), np.array([0]), matcher.prepare(values, [4]), np.array([0]))
    assert net.training and all(parameter.requires_grad for parameter in net.parameters())
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())


def test_groups_are_equal_and_bounded():
    keys, lengths = np.array([2, 2, 2, 5, 9, 9]), np.array([4, 4, 4, 3, 20, 20])
    groups = [(group.start, group.stop) for group in equal_groups(keys, lengths, 8)]
    assert groups == [(0, 2), (2, 3), (3, 4), (4, 5), (5, 6)]
    assert equal_groups(np.empty(0, int), np.empty(0, int), 8) == []
