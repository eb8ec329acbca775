"""Batches of crops: images decoded by threads while the network works, and what is drawn of each."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from reprise.datasets.megadepth import KeypointImages
from reprise.images.decoding import decode
from reprise.images.tensors import IMAGENET
from reprise.storage.ahead import read_ahead
from reprise.storage.errors import DataError
from reprise.training.hndesc.photometry import changed
from reprise.training.hndesc.samples import Sample, training_sample
from reprise.training.hndesc.settings import HNDescSettings

_AHEAD = 2  # batches
_CACHE = 1 << 30  # bytes of decoded images that are kept
_VALIDATION = 0  # seed of the crops that are validated on, which are the same in all trainings


@dataclass(frozen=True)
class Batch:
    """Two crops of each of several images.

    Attributes:
        sources: (B, 3, c, c) float32, as networks take them
        targets: (B, 3, c, c) the same
        samples: the crops before they were changed, and their points
    """

    sources: torch.Tensor
    targets: torch.Tensor
    samples: list[Sample]

    @property
    def points_per_crop(self) -> list[int]:
        """The number of points of each pair of crops."""
        return [len(sample.source_keypoints) for sample in self.samples]


class CropLoader:
    """Reads images and cuts crops out of them.

    Args:
        images: what is trained or validated on
        settings: of the training
        workers: threads that decode
        cache: bytes of decoded images that are kept
    """

    def __init__(self, images: KeypointImages, settings: HNDescSettings, workers: int, cache: int = _CACHE) -> None:
        self.images, self._settings, self._workers = images, settings, workers
        self._cache: dict[Path, np.ndarray] = {}
        self._left = cache

    def training(self, iterations: range) -> Iterator[Batch]:
        """Yield the batches of some iterations, counted from 0; each is the same whichever came before."""
        settings = self._settings
        rows = (
            (row, [settings.seed, iteration, place], True)
            for iteration in iterations
            for place, row in enumerate(self.rows_of(iteration))
        )
        return self._batches(rows, settings.batch)

    def validation(self) -> Iterator[Batch]:
        """Yield two crops of every image, always the same, without styles and changes; the last batch is shorter."""
        rows = ((row, [_VALIDATION, row], False) for row in range(len(self.images)))
        return self._batches(rows, self._settings.batch)

    def rows_of(self, iteration: int) -> np.ndarray:
        """Return the images (batch,) of an iteration: all of them, once in random order, before any of them again."""
        batch, total = self._settings.batch, len(self.images)
        if total < batch:
            raise DataError(f"{total} images are fewer than a batch of {batch}; lower batch, or name more images")
        lap, place = divmod(iteration, total // batch)  # those that fill no batch are left out of a pass
        order = np.random.default_rng([self._settings.seed, lap, total]).permutation(total)
        return order[place * batch : (place + 1) * batch]

    def _batches(self, rows: Iterable[tuple[int, list[int], bool]], size: int) -> Iterator[Batch]:
        ahead = _AHEAD * size + self._workers
        found: list[tuple[Sample, np.ndarray, np.ndarray]] = []
        for future in read_ahead(self._item, rows, workers=self._workers, ahead=ahead):
            found.append(future.result())
            if len(found) == size:
                yield _batch(found)
                found = []
        if found:
            yield _batch(found)

    def _item(self, row: int, seed: list[int], training: bool) -> tuple[Sample, np.ndarray, np.ndarray]:
        """Cut both crops out of an image: the sample, and its crops as they are shown to the network."""
        settings, random = self._settings, np.random.default_rng(seed)
        path, style = self.images.images.paths[row], self.images.stylised[row] if training else None
        sample = training_sample(
            self._decoded(path),
            self.images.points(row),
            random.random,
            crop_size=settings.crop_size,
            stylised=None if style is None else lambda: self._decoded(style),
            style_share=settings.style_share,
            fallback=settings.fallback,
        )
        crops = sample.source, sample.target
        if training and settings.augmentation:
            crops = changed(sample.source, random), changed(sample.target, random)
        return sample, *crops

    def _decoded(self, path: Path) -> np.ndarray:
        """Read an image, (H, W, 3) uint8, or take it from the cache, into which it goes as long as there is room."""
        if path in self._cache:
            return self._cache[path]
        pixels = np.asarray(decode(path))
        if pixels.nbytes <= self._left:
            self._left -= pixels.nbytes
            self._cache[path] = pixels
        return pixels


def check_images(images: KeypointImages) -> None:
    """Check that every image and its copy in another style have the same size: a batch meets it perhaps after days.

    Only the headers of the files are read.

    Raises:
        DataError: naming the first copy of another size, or a file that is no image
    """
    for path, style in zip(images.images.paths, images.stylised, strict=True):
        sizes = [_size(each) for each in (path, style) if each is not None]
        if len(set(sizes)) > 1:
            raise DataError(
                f"{style}: has {sizes[1][0]} x {sizes[1][1]} pixels, and {path} has {sizes[0][0]} x {sizes[0][1]}; "
                "resize it, or delete it: the image itself is then used in its place"
            )


def _size(path: Path) -> tuple[int, int]:
    try:
        with Image.open(path) as opened:
            return opened.size
    except OSError as error:
        raise DataError(f"{path}: cannot be read as an image ({error}); fetch it again, or take it out") from error


def _batch(found: list[tuple[Sample, np.ndarray, np.ndarray]]) -> Batch:
    samples, sources, targets = zip(*found, strict=True)
    return Batch(_tensor(sources), _tensor(targets), list(samples))


def _tensor(crops: tuple[np.ndarray, ...]) -> torch.Tensor:
    """Normalise crops (c, c, 3) uint8 as to_tensor does a single image: (B, 3, c, c) float32."""
    mean, std = (torch.tensor(values)[:, None, None] for values in IMAGENET)
    pixels = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float().contiguous()
    return pixels.div_(255).sub_(mean).div_(std)
