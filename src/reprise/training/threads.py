"""Threads of a training, whose number is part of its recipe."""

import torch


def use_threads(count: int) -> None:
    """Compute with ``count`` threads of the processor, whatever number of cores there is.

    The last bits of a sum depend on how many threads share it. In a training this grows: after 40 steps of float32 it
    is another network.
    """
    torch.set_num_threads(count)
