"""Paths of all files, as strings that Snakemake and the recipes share."""

import fnmatch
import functools
from collections.abc import Mapping
from typing import Any

from reprise.datasets.layout import DatasetLayout
from reprise.datasets.reading import load_layout
from reprise.descriptors.base import DescriptorSettings
from reprise.descriptors.registry import DESCRIPTORS
from reprise.downloads.sources import Source
from reprise.extractors.detection import detection_settings
from reprise.extractors.files import Settings as GivenSettings
from reprise.extractors.registry import EXTRACTORS
from reprise.extractors.settings import ExtractorSettings
from reprise.mini.releases.parts import manifest_name, part_of
from reprise.storage.references import is_path


class Paths:
    """The files of one configuration.

    Args:
        config: the checked configuration
        sources: key -> source, as in sources.yaml
    """

    def __init__(self, config: Mapping, sources: Mapping[str, Source]):
        self._config = config
        self._sources = sources
        self.data = config["data"]
        self.output = config["output"]

    def mirror(self, part: str) -> str:
        """The file that marks a part of the miniature mirror as complete."""
        return f"{self.data}/mirror/{manifest_name(part)}"

    def mirror_input(self, source: str) -> list[str]:
        """The file that has to be drawn before a file can be downloaded; none unless the miniature has it."""
        part = part_of(self._sources[source].file) if self._config["miniature"] else None
        return [self.mirror(part)] if part else []

    def list_input(self, source: str) -> list[str]:
        """The checked list that has to exist before an archive is downloaded; none for all but archives with a list."""
        return [self.checked_list(images) for images in self._listed.get(source, ())]

    @functools.cached_property
    def _listed(self) -> dict[str, list[str]]:
        """Archive -> the sets of images with a list that it is of."""
        listed: dict[str, list[str]] = {}
        for images, entry in self._config["images"].items():
            for archive in self.archives(images) if entry["list"] else ():
                listed.setdefault(archive, []).append(images)
        return listed

    @property
    def mirror_address(self) -> str:
        """The address that replaces those of all downloads, or an empty text."""
        return f"{self.data}/mirror" if self._config["miniature"] else self._config["mirror"] or ""

    @property
    def downloads(self) -> str:
        """The folder of the downloads."""
        return f"{self.data}/downloads"

    @property
    def lock(self) -> str:
        """The file with the hashes of downloads that were recorded on first use."""
        return f"{self.downloads}/lock.json"

    def download(self, source: str) -> str:
        """A downloaded file."""
        return f"{self.downloads}/{self._sources[source].file}"

    def receipt(self, source: str) -> str:
        """The file that marks a download as complete and checked."""
        return f"{self.downloads}/{source}.receipt.json"

    def image_folder(self, images: str) -> str:
        """The folder that the archives of ``images`` are unpacked to."""
        return f"{self.data}/{images}"

    def manifest(self, images: str) -> str:
        """The list of the files that were unpacked."""
        return f"{self.data}/{images}.files.tsv"

    def archive_manifest(self, images: str, archive: str) -> str:
        """The list of the files that were unpacked from one of several archives."""
        return f"{self.data}/{images}.archives/{archive}.files.tsv"

    def checked_list(self, images: str) -> str:
        """What was found in the list of a set of images."""
        return f"{self.data}/{images}.list.json"

    def dataset(self, dataset: str) -> dict[str, Any]:
        """The files of a dataset, by the keys of :meth:`reprise.datasets.layout.DatasetLayout.load`.

        ``images`` is the folder of its images, or one for each first component of the listed paths.
        """
        entry = self._config["datasets"][dataset]
        if entry["images"] is None:
            return self.layout(dataset).own_files(dataset)
        images = entry["images"]
        if isinstance(images, Mapping):
            folders: Any = {key: self.image_folder(name) for key, name in images.items()}
        else:
            folders = self.image_folder(images)
        return {"images": folders, **{key: self.download(entry[key]) for key in self.layout(dataset).lists}}

    def layout(self, dataset: str) -> DatasetLayout:
        """The settings of a dataset, of the class of its layout."""
        entry = self._config["datasets"][dataset]
        return load_layout(entry["layout"]).model_construct(**entry)

    def extractor(self, extractor: str) -> type[ExtractorSettings]:
        """The model of the settings of an extractor, which says what it needs and returns."""
        return EXTRACTORS.settings_of(self._config["extractors"][extractor]["type"], f"extractors.{extractor}.type")

    def parts(self, dataset: str) -> tuple[str, str | None]:
        """The dataset that has the queries, and the distractors that are searched with it, or None."""
        entry = self._config["enlarged"].get(dataset)
        return (dataset, None) if entry is None else (entry["dataset"], entry["distractors"])

    def archives(self, images: str) -> list[str]:
        """The keys of the archives of a set of images; one may be written as a pattern such as name_[0-9]*."""
        keys = []
        for pattern in self._config["images"][images]["archives"]:
            keys += sorted(fnmatch.filter(self._sources, pattern), key=lambda key: (len(key), key))
        return keys

    def dataset_inputs(self, dataset: str, split: str | None = None) -> list[str]:
        """The files that have to exist before a dataset, or the images of a split, can be read."""
        entry, layout = self._config["datasets"][dataset], self.layout(dataset)
        if entry["images"] is None:
            apart = {"images", *(layout.asking if split == "database" else ())}
            return [path for key, path in self.dataset(dataset).items() if key not in apart]
        images = entry["images"]
        folders = images.values() if isinstance(images, Mapping) else [images]
        return [*map(self.manifest, folders), *(self.receipt(entry[key]) for key in layout.lists)]

    def searched_inputs(self, searched: str) -> list[str]:
        """The files that have to exist before a dataset, with its distractors if any, can be read."""
        return [path for dataset in self.parts(searched) if dataset for path in self.dataset_inputs(dataset)]

    def checkpoint(self, checkpoint: str) -> str:
        """The file of a network's weights, which may be given by its path."""
        if is_path(checkpoint):
            return checkpoint
        entry = self._config["checkpoints"][checkpoint]
        if entry["origin"] == "trained":
            return self.trained(entry["training"], entry["part"])
        if entry["archive"]:
            return f"{self.image_folder(entry['archive'])}/{entry['member']}"
        return self.download(entry["source"])

    def checkpoint_input(self, checkpoint: str) -> str:
        """The file that has to exist before a network's weights can be read."""
        if is_path(checkpoint):
            return checkpoint
        entry = self._config["checkpoints"][checkpoint]
        if entry["origin"] == "trained":
            return self.checkpoint(checkpoint)
        return self.manifest(entry["archive"]) if entry["archive"] else self.receipt(entry["source"])

    def extractor_inputs(self, extractor: str) -> list[str]:
        """The files that have to exist before the networks of an extractor can be read."""
        return [self.checkpoint_input(name) for name in self.networks(extractor).values() if name]

    def networks(self, extractor: str) -> dict[str, str | None]:
        """The names of the networks of an extractor by their keys, those of parts joined by dots; None for none."""
        settings = self.extractor(extractor).read(self.extractor_entry(extractor), f"extractors.{extractor}")
        return {key: name for key, _, name in settings.networks()}

    def extractor_entry(self, extractor: str) -> Mapping[str, Any]:
        """The values of an extractor, with those of the entries that it names as its parts."""
        return self.extractor(extractor).completed(self._config["extractors"][extractor], self._config)

    def given(self, extractor: str) -> GivenSettings:
        """The settings of an extractor of the type ``files``."""
        return GivenSettings.read(self._config["extractors"][extractor], f"extractors.{extractor}")

    def detector(self, extractor: str) -> str | None:
        """The detector whose keypoints an extractor describes; None where it finds its own."""
        return self.extractor(extractor).keypoints_of(self._config["extractors"][extractor])

    def detector_networks(self, detector: str) -> dict[str, str]:
        """The names of the networks of a detector by their keys."""
        entry = self._config["detectors"][detector]
        model = detection_settings(entry["type"], f"detectors.{detector}.type")
        return {key: entry[key] for key in model.checkpoints}

    def detector_inputs(self, detector: str) -> list[str]:
        """The files that have to exist before the networks of a detector can be read."""
        return [self.checkpoint_input(name) for name in self.detector_networks(detector).values()]

    def descriptor(self, descriptor: str) -> type[DescriptorSettings]:
        """The model of the settings of a descriptor, which says what it needs."""
        return DESCRIPTORS.settings_of(
            self._config["descriptors"][descriptor]["type"], f"descriptors.{descriptor}.type"
        )

    def descriptor_inputs(self, descriptor: str) -> list[str]:
        """The files that have to exist before the networks of a descriptor can be read."""
        settings = self._config["descriptors"][descriptor]
        return [self.checkpoint_input(settings[key]) for key in self.descriptor(descriptor).checkpoints]

    def patch_set(self, dataset: str) -> str:
        """The name of the patches of a dataset, which those of the same archives share."""
        return self._config["datasets"][dataset]["images"] or dataset

    def described_patches(self, descriptor: str, patch_set: str) -> str:
        """The descriptors of a set of patches."""
        return f"{self.output}/patches/{descriptor}/{patch_set}.h5"

    def trained(self, training: str, part: str = "best") -> str:
        """The best network of a training, or another part of its output."""
        return f"{self.output}/models/{training}/{part}.pth"

    def training_state(self, training: str) -> str:
        """The folder from which an interrupted training continues; no output, so that Snakemake leaves it alone."""
        return f"{self.output}/models/{training}/state"

    def features(self, extractor: str, dataset: str, split: str) -> str:
        """The merged features of a split."""
        return f"{self.output}/features/{extractor}/{dataset}/{split}.h5"

    def keypoints(self, detector: str, dataset: str, split: str) -> str:
        """The keypoints of a split, or of a chunk of it, which are still to be described."""
        return f"{self.output}/keypoints/{detector}/{dataset}/{split}.h5"

    def keypoint_files(self, detector: str, dataset: str) -> list[str]:
        """The files of keypoints of the images of a database, chunk by chunk."""
        count = self._config["datasets"][dataset]["chunks"]
        return [self.keypoints(detector, dataset, f"database.{chunk}-of-{count}") for chunk in range(1, count + 1)]

    def feature_files(self, extractor: str, dataset: str) -> list[str]:
        """Return the files of features of a dataset as they are extracted, chunk by chunk, or adopted.

        Args:
            extractor: the name of an entry
            dataset: the name of an entry; chunks that are deleted after use are left out
        """
        splits = ["database", "queries"] if self.layout(dataset).truth else ["database"]
        if self._config["extractors"][extractor]["type"] == "downloaded":
            return [self.features(extractor, dataset, split) for split in splits]
        entry = self._config["datasets"][dataset]
        counts = {"database": entry["chunks"] if entry["keep_features"] else 0, "queries": 1}
        return [
            self.features(extractor, dataset, f"{split}.{chunk}-of-{counts[split]}")
            for split in splits
            for chunk in range(1, counts[split] + 1)
        ]

    def neighbors(self, neighbors: str, searched: str) -> str:
        """The nearest neighbours of a dataset."""
        entry = self._config["neighbors"][neighbors]
        if entry["archive"]:
            return f"{self.image_folder(entry['archive'])}/{entry['members'][searched]}"
        files = entry["files"]
        return self.download(files[searched]) if files else f"{self.output}/neighbors/{neighbors}/{searched}.pkl"

    def neighbors_input(self, neighbors: str, searched: str) -> str:
        """The file that has to exist before the neighbours can be read."""
        entry = self._config["neighbors"][neighbors]
        if entry["archive"]:
            return self.manifest(entry["archive"])
        files = entry["files"]
        return self.receipt(files[searched]) if files else self.neighbors(neighbors, searched)

    def pairs(self, matching: str, dataset: str) -> str:
        """The list of the pairs of images that are matched."""
        return f"{self.output}/pairs_of_images/{matching}/{dataset}.txt"

    def model(self, experiment: str, dataset: str, file: str) -> str:
        """A file of the model that was triangulated."""
        return f"{self.output}/reconstructions/{experiment}/{dataset}/{file}"

    def ranking(self, experiment: str, searched: str) -> str:
        """The rankings of an experiment."""
        return f"{self.output}/rankings/{experiment}/{searched}.h5"
