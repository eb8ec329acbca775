"""Cost of Hessian-affine keypoints, their patches and their SIFT: one image of 1024 x 768, on the CPU, without a file.

The references are kornia's modules, with the settings under which they find the same keypoints: its detector with the
determinant of the Hessian from plain differences on the same scale space, but without the adaptation of shapes, which
it has not in this form; its patches from a pyramid, and its SIFT. The limits are what the machine needs at least: the
Gaussian blurs of the scale space, and as many bilinear samples as the patches have pixels.

The image is noise of all scales with edges, drawn from a fixed seed, which has as many keypoints as photographs of that
size have.

Times of one thread are processor time.

    python benchmarks/detectors.py [--repeats 3] [--threads 1] [--plain] [--json]

``--plain`` also times the plain version of the tests, which is the reference of the numbers.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from table import Row, best_of, print_rows

SIZE = 768, 1024
TARGET = 3.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--plain", action="store_true", help="time the version of the tests, too (half a minute)")
    parser.add_argument("--json", action="store_true", help="print rows for benchmarks/run.py")
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(options.threads)  # before the compiled modules are loaded
    print_rows(measure(options), as_json=options.json)


def measure(options: argparse.Namespace) -> list[Row]:
    import cv2
    import torch

    from reprise.descriptors import load_descriptor
    from reprise.detectors import load_detector
    from reprise.geometry.patches import cut_patches
    from reprise.images.pixels import mean_grey

    cv2.setNumThreads(options.threads)
    torch.set_num_threads(options.threads)
    pixels = draw()
    grey = mean_grey(pixels)
    detector, sift = load_detector("hessian_affine"), load_descriptor("rootsift")
    keypoints = detector.detect(pixels)
    regions = 3 * np.sqrt(3) * keypoints.affine.astype(np.float64)
    patches = cut_patches(grey, keypoints.keypoints, regions, 41)
    kornia = Kornia(grey, keypoints.keypoints, regions, patches)
    functions = {
        "detect": lambda: detector.detect(pixels),
        "patches": lambda: cut_patches(grey, keypoints.keypoints, regions, 41),
        "sift": lambda: sift.of_patches(patches),
        "all": lambda: sift.describe(pixels, detector.detect(pixels)),
        "kornia detect": kornia.detect,
        "kornia patches": kornia.cut,
        "kornia sift": kornia.describe,
        "blurs": lambda: blurs(grey),
        "samples": lambda: samples(grey, len(patches) * 41 * 41),
    }
    with torch.inference_mode():
        times = best_of(options.repeats, functions, clock_of(options))
        found = kornia.detect()
    count = len(keypoints)
    print(f"{count} keypoints; kornia has {found} before shapes are adapted and any is dropped", file=sys.stderr)
    per = 1e6 / count
    rows = [
        Row("detect, with shapes", "s/image", times["detect"], times["kornia detect"], limit=times["blurs"]),
        Row("cut patches of 41 x 41", "us/patch", per * times["patches"], per * times["kornia patches"],
            limit=per * times["samples"]),
        Row("RootSIFT of patches", "us/patch", per * times["sift"], per * times["kornia sift"]),
        Row(f"all, {count} keypoints", "s/image", times["all"], target=TARGET),
    ]  # fmt: skip
    return [*rows, plain_row(pixels, times["detect"], clock_of(options))] if options.plain else rows


class Kornia:
    """The same with the modules of kornia."""

    def __init__(self, grey: np.ndarray, keypoints: np.ndarray, regions: np.ndarray, patches: np.ndarray):
        import torch
        from kornia.feature import BlobHessian, ScaleSpaceDetector, SIFTDescriptor
        from kornia.geometry.transform import ScalePyramid

        self._image = torch.from_numpy(grey)[None, None]
        self._frames = torch.from_numpy(np.dstack([regions, keypoints - 0.5]).astype(np.float32))[None]
        self._patches = torch.from_numpy(patches)[:, None]
        self._detector = ScaleSpaceDetector(
            20000, mr_size=3 * np.sqrt(3), resp_module=BlobHessian("diff"), minima_are_also_good=True,
            scale_pyr_module=ScalePyramid(3, 1.6, 12, double_image=False, extra_levels=2),
        )  # fmt: skip
        self._sift = SIFTDescriptor(41, rootsift=True)

    def detect(self) -> int:
        """Find keypoints, and return how many are above the threshold."""
        from kornia.feature import laf_is_filled

        frames, responses = self._detector(self._image)
        return int(((responses >= (16 / 3) ** 2) & laf_is_filled(frames)).sum())

    def cut(self) -> Any:
        """Cut patches of the same frames."""
        from kornia.feature import extract_patches_from_pyramid

        return extract_patches_from_pyramid(self._image, self._frames, PS=41)

    def describe(self) -> Any:
        """Describe the same patches."""
        return self._sift(self._patches)


def blurs(grey: np.ndarray) -> None:
    """The blurs of the scale space, without anything else."""
    from reprise.detectors.scale_space import blurred

    first = blurred(grey, (1.6**2 - 0.5**2) ** 0.5)
    while min(first.shape) > 12:
        level = first
        for number in range(4):
            level = blurred(level, 1.6 * 2 ** (number / 3) * (2 ** (2 / 3) - 1) ** 0.5)
            first = np.ascontiguousarray(level[::2, ::2]) if number == 2 else first


def samples(grey: np.ndarray, count: int) -> None:
    """As many bilinear samples, in the order of the pixels."""
    import cv2

    side = int(count**0.5)
    y, x = np.mgrid[:side, :side].astype(np.float32)
    cv2.remap(grey, x * (SIZE[1] / side), y * (SIZE[0] / side), cv2.INTER_LINEAR)


def draw() -> np.ndarray:
    """An image (768, 1024, 3) uint8: noise of all scales, in which areas of other brightness have edges."""
    import cv2

    random = np.random.default_rng(0)
    image = np.zeros(SIZE, np.float32)
    for scale in (2, 4, 8, 16, 32, 64):
        noise = random.normal(size=(SIZE[0] // scale, SIZE[1] // scale)).astype(np.float32)
        image += 4.5 * scale**0.2 * cv2.resize(noise, SIZE[::-1], interpolation=cv2.INTER_CUBIC)
    for _ in range(60):
        corners = random.uniform(0, 1, (4, 2)) * 200 + random.uniform(-100, 1, 2) + random.uniform(0, 1, 2) * SIZE[::-1]
        shape = np.zeros(SIZE, np.uint8)
        cv2.fillConvexPoly(shape, cv2.convexHull(corners.astype(np.int32)), 1)
        image += float(random.uniform(-60, 60)) * shape
    grey = np.clip(128 + image, 0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def plain_row(pixels: np.ndarray, ours: float, clock: Callable[[], float]) -> Row:
    """The row of the plain version, which also cuts patches."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
    from reference import hessian_affine

    start = clock()
    hessian_affine.detect(pixels)
    return Row("detect, against the plain version", "s/image", ours, clock() - start)


def clock_of(options: argparse.Namespace) -> Callable[[], float]:
    """Processor time, unless there are several threads."""
    return time.process_time if options.threads == 1 else time.perf_counter


if __name__ == "__main__":
    main()
