"""Extraction of many images into one file, decoding them ahead of the network."""

import logging
import os
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from tqdm import tqdm

from reprise.datasets.images import ImageList
from reprise.formats.feature_writing import feature_writer
from reprise.images.boxes import Box
from reprise.images.sources import ImageSource
from reprise.storage.ahead import read_ahead
from reprise.storage.errors import DataError

_log = logging.getLogger(__name__)
_AHEAD = 4


class AnyExtractor(Protocol):
    """The interface of the class ``Extractor`` of an extractor module, constructed as ``Extractor(settings, device)``.

    The module also has ``Settings``, a subclass of :class:`reprise.extractors.settings.ExtractorSettings`; a plug-in
    has it as an attribute of its class. :class:`reprise.extractors.base.ImageExtractor` may be used as a base.

    Attributes:
        dim: dimensions D of the local descriptors
        global_dims: optional, kind of global descriptor -> its dimension
        affine: optional, whether its keypoints have affine shapes
        exif: optional, "ignore" where files are not rotated that EXIF says are to be, which are then counted
        keypoint_type: optional, "f8" where its keypoints are still to be described
    """

    dim: int

    def load(self, image: ImageSource, box: Box | None) -> Any:
        """Decode and prepare an image; runs in threads, ahead of ``extract``."""

    def extract(self, image: Any, box: Box | None = None) -> Any:
        """Extract the features of a prepared image: LocalFeatures, or what the extractor's own writer takes.

        The extractors of this package prepare an image themselves if it is not prepared, see
        :meth:`reprise.extractors.base.ImageExtractor.extract`; :func:`extract_images` gives them prepared ones only.
        """


class Writer(Protocol):
    """An open file to which images are added one by one."""

    def append(self, name: str, features: Any) -> None:
        """Add an image.

        Args:
            name: the name of the image
            features: its features, as :meth:`AnyExtractor.extract` returned them
        """

    def skip(self, name: str) -> None:
        """Add the image ``name``, which could not be decoded, without features."""

    def note_truncated(self, name: str) -> None:
        """Note that the end of the image ``name`` was missing, and read as grey."""

    def note_turned(self, name: str) -> None:
        """Note that EXIF says that the image ``name`` is to be rotated, which was ignored."""


@runtime_checkable
class BringsWriter(Protocol):
    """An extractor whose features are not written in the ragged layout (``reprise.formats.features``)."""

    def open_writer(
        self, path: str | os.PathLike, names: list[str], attributes: Mapping[str, object]
    ) -> AbstractContextManager[Writer]:
        """Open a file for writing; it appears when the block ends without an error.

        Args:
            path: the file
            names: all images, in order
            attributes: HDF5 attributes of the file, such as the recipe
        """


def device_of(has_networks: bool) -> str:
    """Choose the device of a job, see :func:`reprise.networks.devices.best_device`.

    Args:
        has_networks: whether it runs a network; others need no torch, whose import costs more than a small chunk
    """
    if not has_networks:
        return "cpu"
    from reprise.networks.devices import best_device

    return best_device()


def extract_images(
    images: ImageList,
    extractor: AnyExtractor,
    path: str | os.PathLike,
    *,
    attributes: Mapping[str, object],
    undecodable: str = "error",
    truncated: str = "error",
    workers: int = 2,
    load: Callable[[ImageSource, Box | None], Any] | None = None,
    features_of: Callable[[int, Any], Any] | None = None,
) -> None:
    """Write the features of ``images`` to ``path``, which appears only when all of them are in it.

    Args:
        images: names, paths and boxes of the queries
        extractor: the extractor; one with ``open_writer`` writes files of its own layout
        path: the file of features
        attributes: HDF5 attributes of the file; ``recipe`` among them
        undecodable: 'error' stops at an image that cannot be decoded or prepared, 'skip' keeps its place, without
            features, and lists its name in the dataset ``skipped``; one that is not there is an error always
        truncated: 'error' treats an image whose end is missing as one that cannot be decoded, 'grey' reads what is
            missing as grey, and lists its name in the dataset ``truncated``
        workers: number of threads that decode
        load: decodes and prepares an image; None: as the extractor does it
        features_of: position in ``images`` and prepared image -> its features; None: what the extractor extracts

    Raises:
        DataError: an image that cannot be decoded or prepared, such as one too small for a scale, features that are no
            numbers or that the file does not take, each with file and row; or not a single image left
    """
    from reprise.images.decoding import is_turned  # here because planning reads the types of extractors

    first = int(str(attributes.get("first_image", 0)))
    features_of = features_of or (lambda _, loaded: extractor.extract(loaded))
    with _open_writer(images, extractor, path, attributes) as writer:
        skipped, turned = [], []
        ignores = getattr(extractor, "exif", None) == "ignore"
        progress = tqdm(total=len(images), unit="image", desc=Path(path).name, mininterval=1.0)
        paths = images.forgiving().paths if truncated == "grey" else images.paths
        loading = zip(paths, images.boxes or [None] * len(images), strict=True)
        futures = read_ahead(load or extractor.load, loading, workers=workers, ahead=workers + _AHEAD)
        for row, (name, file, future) in enumerate(zip(images.names, paths, futures, strict=True)):
            place = f"image {first + row + 1} of its list, '{name}'"
            try:
                loaded = _loaded(future, file)
            except DataError as error:
                if undecodable != "skip" or not file.is_file():
                    raise DataError(f"{error} ({place})") from error
                progress.write(f"skipped: {error} ({place})")
                writer.skip(name)
                skipped.append(str(error))
            else:
                writer.append(name, _extracted(features_of, row, loaded, file, place))
                if getattr(file, "truncated", False):
                    writer.note_truncated(name)
                if ignores and is_turned(file):
                    writer.note_turned(name)
                    turned.append(name)
            progress.update()
        progress.close()
        if turned:
            _log.warning(
                "%s: EXIF says that %d of %d images are to be rotated ('%s'), which is ignored; `exif: apply` rotates "
                "them",
                path,
                len(turned),
                len(images),
                turned[0],
            )
        if skipped and len(skipped) == len(images):
            raise DataError(
                f"{path}: none of its {len(images)} images can be decoded; check the folder of the dataset. "
                f"The first: {skipped[0]}"
            )


def _loaded(future: Future, file: Path) -> Any:
    """Return a prepared image; DataError for whatever its decoder makes of damaged bytes."""
    try:
        return future.result()
    except (DataError, MemoryError):
        raise
    except Exception as error:
        raise DataError(
            f"{file}: cannot be prepared ({type(error).__name__}: {error}); fetch it again, or take it out of the list "
            "of images"
        ) from error


def _extracted(features_of: Callable[[int, Any], Any], row: int, loaded: Any, file: Path, place: str) -> Any:
    """Return the features of a prepared image; every error names the image."""
    try:
        return features_of(row, loaded)
    except DataError as error:
        raise DataError(f"{file}: {error} ({place})") from error
    except Exception as error:
        error.add_note(f"while the features of {file} ({place}) were extracted")
        raise


def _open_writer(
    images: ImageList, extractor: AnyExtractor, path: str | os.PathLike, attributes: Mapping[str, object]
) -> AbstractContextManager[Writer]:
    if isinstance(extractor, BringsWriter):
        return extractor.open_writer(path, images.names, attributes)
    return feature_writer(
        path,
        extractor.dim,
        attributes,
        global_dims=getattr(extractor, "global_dims", None),
        affine=getattr(extractor, "affine", False),
        keypoint_type=getattr(extractor, "keypoint_type", "f4"),
    )
