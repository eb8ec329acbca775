"""The parameters of AMES in the form that the matching of stored tokens multiplies with."""

import torch

from reprise.networks.ames_layers import DIM, HEADS, BlockAttention, Layer

#: Dimensions of one head.
WIDTH = DIM // HEADS
# Tokens whose hidden activations, 4 kB each, are held at once.
_ROWS = 1024


class AttentionWeights:
    """Projections of one attention, one matrix per head so that every head's values lie in one piece.

    Queries are scaled by 1 / sqrt(64), a power of two, so that nothing is rounded. The bias of keys adds the same to
    all scores of a row, so that the softmax takes it away; weights sum to one, so that the bias of values reaches every
    output alike and is part of the output's.

    Attributes:
        inputs: (6, 128, 64), queries, keys and values of both heads
        query_bias: (2, 1, 64)
        outputs: (2, 64, 128)
        output_bias: (128,)
    """

    def __init__(self, attention: BlockAttention) -> None:
        weight, bias = attention.in_proj_weight, attention.in_proj_bias
        queries, keys_and_values = weight.view(3 * HEADS, WIDTH, DIM).transpose(1, 2).split([HEADS, 2 * HEADS])
        self.inputs = torch.cat([queries * WIDTH**-0.5, keys_and_values])
        self.query_bias = bias[:DIM].view(HEADS, 1, WIDTH) * WIDTH**-0.5
        self.outputs = attention.out_proj.weight.view(DIM, HEADS, WIDTH).permute(1, 2, 0).contiguous()
        self.output_bias = attention.out_proj(bias[2 * DIM :])

    def project(self, z: torch.Tensor) -> torch.Tensor:
        """Queries, keys and values of tokens: (n, 128) -> (6, n, 64)."""
        projected = torch.bmm(z.expand(len(self.inputs), *z.shape), self.inputs)
        projected[:HEADS].add_(self.query_bias)
        return projected

    def add(self, attended: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        """Add the output of the attention, from values (2, n, 64) of both heads, to ``z`` (n, 128), in place."""
        z.add_(self.output_bias)
        for values, weight in zip(attended, self.outputs, strict=True):
            z.addmm_(values, weight)
        return z


class LayerWeights:
    """One layer."""

    def __init__(self, layer: Layer) -> None:
        self.self_attention = AttentionWeights(layer.self_attn)
        self.cross_attention = AttentionWeights(layer.cross_attn)
        self.norms = (layer.norm1, layer.norm2, layer.norm3)
        self.expand = (layer.linear1.weight.t(), layer.linear1.bias)
        self.reduce = (layer.linear2.weight.t(), layer.linear2.bias)

    def feed_forward(self, z: torch.Tensor) -> torch.Tensor:
        """Add the output of the feed-forward network to ``z`` (n, 128), in place, in blocks that stay in the caches."""
        hidden = z.new_empty(min(len(z), _ROWS), len(self.expand[1]))
        for block in z.split(_ROWS):
            wide = torch.addmm(self.expand[1], block, self.expand[0], out=hidden[: len(block)]).relu_()
            block.add_(self.reduce[1]).addmm_(wide, self.reduce[0])
        return z
