"""What a HOW network costs: one photograph of 1024 x 768 at the seven published scales, on the CPU.

Compares the network as published (eager, layer by layer, channels first) with ``HOW.for_inference``. The two take
turns, and the fastest run of each counts, so that other load on the machine falls on both. The rate of a large matrix
product, measured in between, says how fast the machine can be at all.

    python benchmarks/how.py [--repeats 3] [--threads 2]
"""

import argparse
import time
from collections.abc import Callable

import torch
from torch.utils.flop_counter import FlopCounterMode

from reprise.networks.how import HOW

NETWORKS = {"R18": ("resnet18", 0), "R50-": ("resnet50", 1)}
MATRIX = 2048


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    matrix = torch.randn(MATRIX, MATRIX)
    image = torch.randn(1, 3, 768, 1024)
    print(f"torch {torch.__version__}, {arguments.threads} threads, best of {arguments.repeats}")
    print("network   as published   for inference   faster    achieved      matmul        part of it")
    for name, (backbone, skip_stages) in NETWORKS.items():
        network = HOW(backbone, skip_stages)
        fast = network.for_inference()
        with FlopCounterMode(display=False) as counter:
            network.forward_local(image)
        operations = counter.get_total_flops()
        seconds = best_of(
            arguments.repeats,
            lambda network=network: network.forward_local(image),
            lambda fast=fast: fast.forward_local(image),
            lambda: matrix @ matrix,
        )
        plain, inference, product = seconds
        rate, limit = operations / inference / 1e9, 2 * MATRIX**3 / product / 1e9
        print(
            f"{name:6} {plain:13.2f} s {inference:13.2f} s {plain / inference:8.2f}x"
            f"{rate:8.0f} GFLOP/s {limit:4.0f} GFLOP/s {rate / limit:9.0%}"
        )


def best_of(repeats: int, *functions: Callable[[], object]) -> list[float]:
    """The shortest time in seconds of each function; they take turns, after one turn to warm up."""
    times: list[list[float]] = [[] for _ in functions]
    for _ in range(repeats + 1):
        for function, past in zip(functions, times, strict=True):
            start = time.perf_counter()
            function()
            past.append(time.perf_counter() - start)
    return [min(past[1:]) for past in times]


if __name__ == "__main__":
    main()
