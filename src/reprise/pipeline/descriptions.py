"""Descriptions of datasets, extractors and networks for jobs: settings, with files in place of names."""

import copy
import functools
import operator
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reprise.datasets.images import Dataset
from reprise.datasets.reading import read_dataset, training_files
from reprise.extractors.files import Split, is_hdf5
from reprise.extractors.given_names import given_files
from reprise.extractors.importing import check_boxes
from reprise.pipeline.own_data import image_states, images_hash
from reprise.pipeline.paths import Paths
from reprise.pipeline.spec.checks.of_tables import without_truth
from reprise.storage.errors import DataError

Description = dict[str, Any]


class Descriptions:
    """The descriptions of one configuration, which are part of recipes.

    Args:
        config: the checked configuration
        paths: its files
    """

    def __init__(self, config: Mapping, paths: Paths):
        self._config = config
        self._paths = paths

    def dataset(self, dataset: str) -> Description:
        """Return the description that :func:`reprise.datasets.reading.read_dataset` reads."""
        return {**self._paths.layout(dataset).described(), **self._paths.dataset(dataset)}

    def split(self, dataset: str, split: str) -> Description:
        """Return the same for one split: other queries leave what was made of the database current."""
        apart = self._paths.layout(dataset).asking if split == "database" else ()
        return {key: value for key, value in self.dataset(dataset).items() if key not in apart}

    def judged(self, dataset: str) -> Description:
        """Return the same with the settings by which rankings are judged."""
        return {**self.dataset(dataset), **self._paths.layout(dataset).judged()}

    def evaluated(self, dataset: str) -> Description:
        """Return the same of a dataset with ground truth.

        Raises:
            DataError: there is none, and nothing to evaluate with
        """
        if self._paths.layout(dataset).truth is None:
            raise without_truth("datasets", dataset)
        return self.judged(dataset)

    def images(self, dataset: str, split: str, chunk: tuple[int, int] | None = None) -> Description:
        """What tells whether images of one's own have changed, which no job makes; nothing for downloaded ones.

        Args:
            dataset: the name of an entry
            split: database or queries
            chunk: which of how many, from 1; all images for None
        """
        if self._config["datasets"][dataset]["images"] is not None:
            return {}
        images = self._read(dataset).split(split)
        return {"images_hash": images_hash(image_states((images.chunk(*chunk) if chunk else images).paths))}

    def first_image(self, dataset: str, chunk: tuple[int, int]) -> Description:
        """What tells whether images of one's own have moved in their list; nothing for downloaded ones.

        A chunk of features whose images are the same stays current, wherever its images are in the list.

        Args:
            dataset: the name of an entry
            chunk: which of how many, from 1
        """
        if self._config["datasets"][dataset]["images"] is not None:
            return {}
        return {"first_image": self._read(dataset).database.bounds(*chunk)[0]}

    def trained_on(self, datasets: Sequence[str]) -> Description:
        """Tell a training that reads the images of ``datasets`` itself what :meth:`images` tells an extraction.

        Returns:
            of each dataset, ``truncated``, what an image does whose end is missing, and ``own``, whether no job makes
            its images; and ``images_hash`` of those, if there are any
        """
        own = [self._config["datasets"][name]["images"] is None for name in datasets]
        states: dict[str, list[int]] = {}
        for name in (name for name, is_own in zip(datasets, own, strict=True) if is_own):
            states |= image_states(self._read(name).paths)
        told = {"truncated": [self._paths.layout(name).on_truncated for name in datasets], "own": own}
        return {**told, "images_hash": images_hash(states)} if states else told

    def training_files(self, datasets: Sequence[str]) -> Description:
        """Tell a training that reads datasets as a whole what tells whether files of one's own have changed.

        Returns:
            ``own``, the descriptions of datasets that no job makes, and ``images_hash``, as :meth:`images`; nothing
            where all datasets are downloaded
        """
        own = [self.dataset(name) for name in datasets if self._config["datasets"][name]["images"] is None]
        files = [file for description in own for file in training_files(description)]
        return {"own": own, "images_hash": images_hash(image_states(files))} if own else {}

    @functools.cache  # noqa: B019  one for a run
    def _read(self, dataset: str) -> Dataset:
        return read_dataset(self.dataset(dataset))

    def searched(self, searched: str) -> Description:
        """Return the description of a dataset, with that of its distractors, or None."""
        base, distractors = self._paths.parts(searched)
        return {
            "dataset": self.dataset(base),
            "distractors": self.dataset(distractors) if distractors else None,
        }

    def extractor(self, extractor: str) -> Description:
        """Return the settings of an extractor, with the files of its networks in place of their names."""
        settings = copy.deepcopy(dict(self._paths.extractor_entry(extractor)))
        for key, name in self._paths.networks(extractor).items():
            *parts, last = key.split(".")
            part = functools.reduce(operator.getitem, parts, settings)
            if last in part:
                part[last] = self.checkpoint(name)
        return self._with_exif(settings)

    def given(self, extractor: str, dataset: str, split: Split) -> Description:
        """Return what decides about features of a split that were computed elsewhere.

        Raises:
            DataError: the extractor names none of this split
        """
        settings = self._paths.given(extractor)
        if not settings.provides(dataset, split):
            raise DataError(
                f"config.extractors.{extractor}: names no features of the {split} of {dataset}; name their files, or "
                "another extractor"
            )
        return settings.of(dataset, split)

    def given_files(self, extractor: str, dataset: str, split: Split, chunk: tuple[int, int]) -> list[str]:
        """List the files of such features of a chunk; of downloaded images, whose list may come later, all files.

        Raises:
            DataError: see :func:`reprise.extractors.given_names.given_files`
        """
        files = self._given_files(extractor, dataset, split)
        if self._config["datasets"][dataset]["images"] is None:
            rows = slice(*self._read(dataset).split(split).bounds(*chunk))
            files = {kind: paths if len(paths) == 1 else paths[rows] for kind, paths in files.items()}
        return [file for paths in files.values() for file in paths]

    @functools.cache  # noqa: B019  one for a run
    def _given_files(self, extractor: str, dataset: str, split: Split) -> Mapping[str, list[str]]:
        given, own = self.given(extractor, dataset, split), None
        if self._config["datasets"][dataset]["images"] is None:
            own = self._read(dataset)
            check_boxes(own.split(split), given.get("box"), f"config.extractors.{extractor}")
        return given_files(given["files"], own, split, given["shared"])

    def given_images(self, extractor: str, dataset: str, split: Split, chunk: tuple[int, int]) -> Description:
        """Tell the import of such features what :meth:`images` tells an extraction, of the files of features, too.

        Returns:
            ``own_images``, whether no job makes the images; ``images_hash`` of these and of the NumPy files; and
            ``files_hash`` of HDF5 files, which all chunks share
        """
        files = [Path(file) for file in self.given_files(extractor, dataset, split, chunk)]
        own = self._config["datasets"][dataset]["images"] is None
        images = self._read(dataset).split(split).chunk(*chunk).paths if own else []
        shared = [file for file in files if is_hdf5(str(file))]
        apart = [*images, *(file for file in files if file not in shared)]
        told: Description = {"own_images": own}
        if apart:
            told["images_hash"] = images_hash(image_states(apart))
        return {**told, "files_hash": images_hash(image_states(shared))} if shared else told

    def detector(self, detector: str) -> Description:
        """Return the settings of a detector, with the files of its networks in place of their names."""
        settings = dict(self._config["detectors"][detector])
        for key, name in self._paths.detector_networks(detector).items():
            settings[key] = self.checkpoint(name)
        return self._with_exif(settings)

    def _with_exif(self, settings: Description) -> Description:
        """What is done with rotated files; nothing where it is as published, so that recipes are what they were."""
        if "exif" not in settings:
            return settings
        exif = settings.pop("exif") or self._config["exif"]
        if exif is not None:
            return {**settings, "exif": exif}
        # Preparations for detectors always had the key, under its former name.
        return {**settings, "orientation": None} if "forced_size" in settings else settings

    def descriptor(self, descriptor: str) -> Description:
        """Return the settings of a descriptor of patches, with the files of its networks in place of their names."""
        settings = dict(self._config["descriptors"][descriptor])
        for key in self._paths.descriptor(descriptor).checkpoints:
            settings[key] = self.checkpoint(settings[key])
        return settings

    def checkpoint(self, checkpoint: str | None) -> str | None:
        """Return the file of a network; None for none."""
        return self._paths.checkpoint(checkpoint) if checkpoint else None
