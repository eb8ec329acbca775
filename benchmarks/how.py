"""Cost of a HOW network: one photograph of 1024 x 768 at the seven published scales, on the CPU.

Compares the network as published (eager, layer by layer, channels first) with ``HOW.for_inference``. The two take
turns, and the fastest run of each counts, so that other load on the machine falls on both. The rate of a large matrix
product, measured in between, says how fast the machine can be at all.

    python benchmarks/how.py [--repeats 3] [--threads 2] [--json]
"""

import torch
from networks import MatrixProduct, read_options
from table import Row, best_of, print_rows
from torch.utils.flop_counter import FlopCounterMode

from reprise.networks.how import HOW

NETWORKS = {"R18": ("resnet18", 0), "R50-": ("resnet50", 1)}


def main() -> None:
    options = read_options(__doc__)
    product = MatrixProduct()
    image = torch.randn(1, 3, 768, 1024)
    rows = []
    for name, (backbone, skip_stages) in NETWORKS.items():
        network = HOW(backbone, skip_stages)
        fast = network.for_inference()
        with FlopCounterMode(display=False) as counter:
            network.forward_local(image)
        times = best_of(
            options.repeats,
            {
                "published": lambda network=network: network.forward_local(image),
                "ours": lambda fast=fast: fast.forward_local(image),
                "matrix": product.run,
            },
        )
        limit = product.seconds_for(counter.get_total_flops() // 2, times["matrix"])
        rows.append(Row(f"extract with HOW {name}", "s/image", times["ours"], times["published"], limit=limit))
    print_rows(rows, as_json=options.json)


if __name__ == "__main__":
    main()
