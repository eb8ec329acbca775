"""Cost of the backbones of AMES: one photograph of 1024 x 768 at the published sizes, on the CPU.

DINOv2 ViT-B/14 with registers sees it at a longer side of 770 pixels, CVNet with ResNet-101 at the scales 0.7071, 1 and
1.4142, each with its detector, from resized pixels to the 700 strongest features and the global descriptors. The
reference is the backbone as published, without a detector: attention that is written out, layer by layer, channels
first. The two take turns, and the fastest run of each counts, so that other load on the machine falls on both. The rate
of a large matrix product, measured in between, says how fast the machine can be at all. Weights are random.

    python benchmarks/extraction_ames.py [--repeats 3] [--threads 2] [--json]
"""

import tempfile
from pathlib import Path

import numpy as np
import torch
from networks import MatrixProduct, read_options
from PIL import Image
from table import Row, best_of, print_rows
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from reprise.extractors.registry import load_extractor
from reprise.images.prepared import ScaledImage
from reprise.images.tensors import BGR, to_tensor
from reprise.networks.attention_detector import AttentionDetector
from reprise.networks.cvnet import CVNet
from reprise.networks.dinov2 import DINOv2


def main() -> None:
    options = read_options(__doc__)
    product = MatrixProduct()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, network, size in (("dinov2", DINOv2(), 770), ("cvnet", CVNet(), None)):
            extractor, loaded = prepare(Path(folder), name, network, size)
            network.eval().requires_grad_(False)
            with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
                published(name, network, loaded)
            times = best_of(
                options.repeats,
                {
                    "published": lambda name=name, network=network, loaded=loaded: published(name, network, loaded),
                    "ours": lambda extractor=extractor, loaded=loaded: extractor.extract(loaded),
                    "matrix": product.run,
                },
            )
            limit = product.seconds_for(counter.get_total_flops() // 2, times["matrix"])
            rows.append(Row(f"extract with {name}", "s/image", times["ours"], times["published"], limit=limit))
    print_rows(rows, as_json=options.json)


def prepare(folder: Path, name: str, network: DINOv2 | CVNet, size: int | None) -> tuple:
    """The extractor with the weights of ``network`` and a detector, and a photograph of noise at its scales."""
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (768, 1024, 3), np.uint8)).save(folder / "image.png")
    network.save_checkpoint(folder / "network.pth")
    AttentionDetector(getattr(network, "local_dim", network.dim)).save_checkpoint(folder / "detector.pt")
    paths = {"checkpoint": str(folder / "network.pth"), "detector": str(folder / "detector.pt")}
    extractor = load_extractor(name, image_size=size, **paths)
    return extractor, extractor.load(folder / "image.png", None)


@torch.inference_mode()
def published(name: str, network: DINOv2 | CVNet, loaded: list[ScaledImage]) -> None:
    """The backbone alone, as it is published, without a detector."""
    for scaled in loaded:
        image = to_tensor(scaled.pixels, *BGR)
        if name == "cvnet":
            network.forward_global(image)
        else:
            with sdpa_kernel(SDPBackend.MATH):
                network(image.flip(1))


if __name__ == "__main__":
    main()
