"""AMES on stored tokens, without any work that is done twice or thrown away.

The logits are those of ``AMES.match``. Three things differ. Padding is left out instead of masked. What the first layer
makes of one image does not depend on the other, and is computed once per image; only the match token's first attention
sees both, and is put together from what it gets of each. Of the last layer only the match token is computed.
"""

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import nn

from reprise.networks.ames import AMES
from reprise.networks.ames_layers import DIM, HEADS, Block, Layer, cross_blocks, self_blocks
from reprise.reranking.attention import attend
from reprise.reranking.weights import WIDTH, AttentionWeights, LayerWeights


@dataclass(frozen=True)
class Prepared:
    """What the first layer makes of some images alone; the tokens of all images in one piece.

    Attributes:
        starts: (images,) int64, where the tokens of an image begin
        counts: (images,) int64, how many there are
        tokens: (n, 128) after the first self-attention
        projected: (6, n, 64), their part in the cross-attention
        log_sums: (2, images), logarithm of the summed weights that the match token gives to an image, per head
        means: (2, images, 64), the values of the image, averaged by these weights
    """

    starts: torch.Tensor
    counts: np.ndarray
    tokens: torch.Tensor
    projected: torch.Tensor
    log_sums: torch.Tensor
    means: torch.Tensor

    @staticmethod
    def bytes_per_token(dtype: torch.dtype) -> int:
        """The memory that one token takes."""
        return 4 * DIM * dtype.itemsize


class Matcher:
    """Logits of pairs of images from their tokens.

    Args:
        network: its parameters are copied to ``device``, as ``dtype``
        device: of torch
        dtype: float32, or bfloat16 for speed on a GPU
        rows: tokens that are worked on at once, at least those of one pair. On a processor so few that what is computed
            of them stays in its caches
    """

    def __init__(
        self, network: AMES, device: str = "cpu", *, dtype: torch.dtype = torch.float32, rows: int = 2500
    ) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False).to(device, dtype)
        self.device, self.dtype, self.rows = torch.device(device), dtype, rows
        self._layers = [LayerWeights(layer) for layer in self.network.decoder.layers if isinstance(layer, Layer)]

    @torch.inference_mode()
    def prepare(self, tokens: np.ndarray, counts: np.ndarray, *, run: Callable[..., Iterable] = map) -> Prepared:
        """The first layer of images on their own.

        Args:
            tokens: (images, K, 128) float16 or float32, or (images, K, 16) uint8 codes of a binarized network
            counts: (images,) int, the valid rows of each; the rows after them are ignored
            run: what maps the work over parts of the images, for example that of a pool of threads
        """
        counts = np.asarray(counts, np.int64)
        order = np.argsort(counts, kind="stable")
        ends = np.cumsum(counts[order])
        starts = np.empty_like(counts)
        starts[order] = ends - counts[order]
        size, images = int(counts.sum()), len(counts)
        new = self.network.mtc_token.new_empty
        result = Prepared(
            torch.from_numpy(starts).to(self.device),
            counts,
            new(size, DIM),
            new(3 * HEADS, size, WIDTH),
            new(HEADS, images).fill_(-torch.inf),
            new(HEADS, images, WIDTH).zero_(),
        )
        groups = [order[group] for group in equal_groups(counts[order], counts[order] + 1, self.rows)]
        list(run(lambda images: self._prepare(result, tokens, images), groups))
        return result

    @torch.inference_mode()
    def match(self, queries: Prepared, query: np.ndarray, database: Prepared, image: np.ndarray) -> torch.Tensor:
        """The logits of pairs; all queries of a call have the same count of tokens, and so have all images.

        Args:
            queries: one set of images
            query: (P,) int, indices into it
            database: another set
            image: (P,) int, indices into that

        Returns:
            (P,) float32
        """
        left, right = int(queries.counts[query[0]]), int(database.counts[image[0]])
        length = left + 1 + right
        z, projected = self._gather(queries, query, left, database, image, right)
        for layer, following in pairwise(self._layers):
            if layer is not self._layers[0]:
                projected = _project(layer.cross_attention, z)
            z = _attention(layer.cross_attention, layer.norms[1], z, projected, cross_blocks(left, length))
            z = layer.norms[2](layer.feed_forward(z.view(-1, DIM))).view(z.shape)
            projected = _project(following.self_attention, z)
            z = _attention(following.self_attention, following.norms[0], z, projected, self_blocks(left, length))
        return self._classify(self._layers[-1], z, left)

    def _load(self, tokens: np.ndarray) -> torch.Tensor:
        values = torch.from_numpy(tokens).to(self.device)
        return self.network.project_codes(values) if values.dtype == torch.uint8 else values.to(self.dtype)

    @torch.inference_mode()
    def _prepare(self, result: Prepared, values: np.ndarray, chosen: np.ndarray) -> None:
        """Fill the part of ``result`` that belongs to the images ``chosen``, which have equal counts."""
        layer, number, count = self._layers[0], len(chosen), int(result.counts[chosen[0]])
        if not count:
            return
        first = int(result.starts[chosen[0]])
        rows = slice(first, first + number * count)
        tokens = self._load(values[chosen, :count])
        match_token = self.network.mtc_token.expand(number, 1, DIM)
        projected = layer.self_attention.project(torch.cat([tokens, match_token], dim=1).view(-1, DIM))
        projected = projected.view(3 * HEADS, number, count + 1, WIDTH)
        attended = attend(projected, [(slice(count), slice(count + 1))])[:, :, :count]
        z = layer.self_attention.add(attended.flatten(1, 2), tokens.reshape(-1, DIM).clone())
        result.tokens[rows] = layer.norms[0](z)
        result.projected[:, rows] = layer.cross_attention.project(result.tokens[rows])
        # (heads, images, count): what the match token's query says to the keys of the images.
        scores = (projected[2:4, :, :count] @ projected[0:2, :, count, :, None]).squeeze(3)
        images = torch.from_numpy(chosen).to(self.device)
        result.log_sums[:, images] = scores.logsumexp(dim=2)
        result.means[:, images] = (scores.softmax(dim=2)[:, :, None] @ projected[4:6, :, :count]).squeeze(2)

    def _gather(
        self, queries: Prepared, query: np.ndarray, left: int, database: Prepared, image: np.ndarray, right: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The pairs after the first self-attention, (P, L, 128), and projected for the next attention (6, P, L, 64)."""
        pairs, length = len(query), left + 1 + right
        z = queries.tokens.new_empty(pairs, length, DIM)
        projected = queries.tokens.new_empty(3 * HEADS, pairs, length, WIDTH)
        sums, means = [], []
        for side, chosen, tokens in (
            (queries, query, slice(left)),
            (database, image, slice(left + 1, length)),
        ):
            index = torch.from_numpy(chosen).to(self.device)
            rows = side.starts[index, None] + torch.arange(tokens.stop - (tokens.start or 0), device=self.device)
            z[:, tokens] = side.tokens[rows]
            projected[:, :, tokens] = side.projected[:, rows]
            sums.append(side.log_sums[:, index])
            means.append(side.means[:, index])
        layer = self._layers[0]
        q, k, v = layer.self_attention.project(self.network.mtc_token[None]).split(HEADS)
        sums.append((q * k).sum(dim=2).expand(HEADS, pairs))
        means.append(v.expand(HEADS, pairs, WIDTH))
        attended = (torch.stack(sums).softmax(dim=0)[..., None] * torch.stack(means)).sum(dim=0)
        match_token = layer.self_attention.add(attended, self.network.mtc_token.repeat(pairs, 1))
        match_token = layer.norms[0](match_token)
        z[:, left] = match_token
        projected[:, :, left] = layer.cross_attention.project(match_token)
        return z, projected

    def _classify(self, layer: LayerWeights, z: torch.Tensor, left: int) -> torch.Tensor:
        """The rest of the last layer for the match token alone.

        It attends to everything, so that its keys and values need no projection of all tokens: the query is taken
        through the keys' matrix, the average of tokens through the values'.
        """
        match_token = z[:, left].contiguous()
        attention = layer.cross_attention
        to_queries, to_keys, to_values = attention.inputs.split(HEADS)
        q = match_token @ to_queries + attention.query_bias
        q = torch.bmm(q, to_keys.transpose(1, 2)).transpose(0, 1)
        weights = torch.bmm(q, z.transpose(1, 2)).softmax(dim=2)
        averages = torch.bmm(weights, z).transpose(0, 1)
        match_token = layer.norms[1](attention.add(torch.bmm(averages, to_values), match_token))
        match_token = layer.norms[2](layer.feed_forward(match_token))
        return self.network.classifier(match_token).squeeze(1).float()


def _project(weights: AttentionWeights, z: torch.Tensor) -> torch.Tensor:
    return weights.project(z.view(-1, DIM)).view(3 * HEADS, *z.shape[:2], WIDTH)


def _attention(
    weights: AttentionWeights, norm: nn.LayerNorm, z: torch.Tensor, projected: torch.Tensor, blocks: list[Block]
) -> torch.Tensor:
    """Attention, added to ``z`` (P, L, 128) in place, and normalised."""
    return norm(weights.add(attend(projected, blocks).flatten(1, 2), z.view(-1, DIM))).view(z.shape)


def equal_groups(keys: np.ndarray, lengths: np.ndarray, rows: int) -> list[slice]:
    """Divide items into slices of equal keys.

    Args:
        keys: (n,), sorted
        lengths: (n,), equal where keys are
        rows: what the lengths of a slice of more than one item sum to, at most
    """
    groups = []
    bounds = np.flatnonzero(np.diff(keys, prepend=-1, append=-1))
    for start, stop in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        step = max(1, rows // int(lengths[start]))
        groups += [slice(i, min(i + step, stop)) for i in range(start, stop, step)]
    return groups
