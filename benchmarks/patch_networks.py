"""Patches described per second by HardNet, against kornia's module as it is.

    python benchmarks/patch_networks.py [--repeats 3] [--threads 2]

Patches of 32 x 32 in blocks of 512, and patches of 65 x 65, which are resized first.
"""

import kornia.feature
import numpy as np
import torch
from networks import read_options
from table import Row, best_of, print_rows

from reprise.images.patch_resizing import resize_patches
from reprise.networks import HardNet
from reprise.networks.describing import PatchDescriber

COUNT = 2048


def main() -> None:
    options = read_options(__doc__)
    network = HardNet().eval()
    reference = kornia.feature.HardNet(pretrained=False).eval()
    reference.load_state_dict(network.state_dict())
    describe = PatchDescriber(network)
    large = np.random.default_rng(0).integers(0, 256, (COUNT, 65, 65), dtype=np.uint8)
    small = resize_patches(large)

    def by_kornia():
        with torch.inference_mode():
            return [reference(part.float()) for part in torch.from_numpy(small)[:, None].split(512)]

    times = best_of(
        options.repeats,
        {
            "ours": lambda: describe(small),
            "kornia": by_kornia,
            "resized": lambda: describe(resize_patches(large)),
        },
    )
    rows = [
        Row("HardNet", "us/patch", 1e6 * times["ours"] / COUNT, reference=1e6 * times["kornia"] / COUNT),
        Row("HardNet, 65 x 65", "us/patch", 1e6 * times["resized"] / COUNT),
    ]
    print_rows(rows, as_json=options.json)


if __name__ == "__main__":
    main()
