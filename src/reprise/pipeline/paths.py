"""Where every file stands, as strings that Snakemake and the recipes share."""

import fnmatch
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from reprise.downloads.sources import Source
from reprise.mini.releases.parts import manifest_name, part_of

# Keys of a dataset that name files which list images or say what is in them.
_LISTS = ("index", "database", "queries")


class Paths:
    """The files of one configuration."""

    def __init__(self, config: Mapping, sources: Mapping[str, Source]):
        self._config = config
        self._sources = sources
        self.data = config["data"]
        self.output = config["output"]

    def mirror(self, part: str) -> str:
        """The file that says that a part of the miniature mirror is whole."""
        return f"{self.data}/mirror/{manifest_name(part)}"

    def mirror_input(self, source: str) -> list[str]:
        """What has to be drawn before a file can be downloaded; nothing unless the miniature has it."""
        part = part_of(self._sources[source].file) if self._config["miniature"] else None
        return [self.mirror(part)] if part else []

    @property
    def mirror_address(self) -> str:
        """Where downloads come from instead of their own addresses, or an empty text."""
        return f"{self.data}/mirror" if self._config["miniature"] else self._config["mirror"] or ""

    @property
    def downloads(self) -> str:
        """The folder of the downloads."""
        return f"{self.data}/downloads"

    @property
    def lock(self) -> str:
        """The hashes of downloads that were recorded on first use."""
        return f"{self.downloads}/lock.json"

    def download(self, source: str) -> str:
        """A downloaded file."""
        return f"{self.downloads}/{self._sources[source].file}"

    def receipt(self, source: str) -> str:
        """What says that a download is there and was checked."""
        return f"{self.downloads}/{source}.receipt.json"

    def image_folder(self, images: str) -> str:
        """The folder that the archives of ``images`` are unpacked to."""
        return f"{self.data}/{images}"

    def manifest(self, images: str) -> str:
        """The list of the files that were unpacked."""
        return f"{self.data}/{images}.files.tsv"

    def dataset(self, dataset: str) -> dict[str, Any]:
        """The files of a dataset, by the keys of :func:`reprise.datasets.reading.read_dataset`.

        ``images`` is the folder of its images, or one for each first component of the listed paths.
        """
        entry = self._config["datasets"][dataset]
        if "images" not in entry:
            return _own_files(dataset, entry)
        images = entry["images"]
        if isinstance(images, Mapping):
            folders: Any = {key: self.image_folder(name) for key, name in images.items()}
        else:
            folders = self.image_folder(images)
        return {"images": folders, **{key: self.download(entry[key]) for key in _LISTS if key in entry}}

    def parts(self, dataset: str) -> tuple[str, str | None]:
        """The dataset that has the queries, and the distractors that it is searched together with."""
        entry = self._config["enlarged"].get(dataset)
        return (dataset, None) if entry is None else (entry["dataset"], entry["distractors"])

    def archives(self, images: str) -> list[str]:
        """The keys of the archives of a set of images; one may be written as a pattern such as name_[0-9]*."""
        keys = []
        for pattern in self._config["images"][images]["archives"]:
            keys += sorted(fnmatch.filter(self._sources, pattern), key=lambda key: (len(key), key))
        return keys

    def dataset_inputs(self, dataset: str) -> list[str]:
        """The files that have to exist before a dataset can be read."""
        entry = self._config["datasets"][dataset]
        if "images" not in entry:
            return [path for key, path in self.dataset(dataset).items() if key in _LISTS]
        images = entry["images"]
        folders = images.values() if isinstance(images, Mapping) else [images]
        return [*map(self.manifest, folders), *(self.receipt(entry[key]) for key in _LISTS if key in entry)]

    def searched_inputs(self, searched: str) -> list[str]:
        """The same for a dataset and the distractors that it is searched together with."""
        return [path for dataset in self.parts(searched) if dataset for path in self.dataset_inputs(dataset)]

    def checkpoint(self, checkpoint: str) -> str:
        """The file of a network's weights."""
        entry = self._config["checkpoints"][checkpoint]
        if entry["origin"] == "published":
            return self.download(entry["source"])
        return self.trained(entry["training"], entry.get("part", "best"))

    def checkpoint_input(self, checkpoint: str) -> str:
        """The file that has to exist before a network's weights can be read."""
        entry = self._config["checkpoints"][checkpoint]
        return self.receipt(entry["source"]) if entry["origin"] == "published" else self.checkpoint(checkpoint)

    def trained(self, training: str, part: str = "best") -> str:
        """The best network of a training, or another part of what it makes."""
        return f"{self.output}/models/{training}/{part}.pth"

    def training_state(self, training: str) -> str:
        """The folder with which an interrupted training goes on; no output, so that Snakemake leaves it alone."""
        return f"{self.output}/models/{training}/state"

    def features(self, extractor: str, dataset: str, split: str) -> str:
        """The merged features of a split."""
        return f"{self.output}/features/{extractor}/{dataset}/{split}.h5"

    def neighbors(self, neighbors: str, searched: str) -> str:
        """The nearest neighbours of a dataset."""
        files = self._config["neighbors"].get(neighbors, {}).get("files")
        return self.download(files[searched]) if files else f"{self.output}/neighbors/{neighbors}/{searched}.pkl"

    def neighbors_input(self, neighbors: str, searched: str) -> str:
        """The file that has to exist before they can be read."""
        files = self._config["neighbors"].get(neighbors, {}).get("files")
        return self.receipt(files[searched]) if files else self.neighbors(neighbors, searched)

    def ranking(self, experiment: str, searched: str) -> str:
        """The rankings of an experiment."""
        return f"{self.output}/rankings/{experiment}/{searched}.h5"


def _own_files(dataset: str, entry: Mapping) -> dict[str, Any]:
    """The files of a dataset of one's own, in the folder that its entry names."""
    folder, layout = entry["folder"], entry["layout"]
    if layout == "list":
        return {"images": folder, "index": entry["list"]}
    if layout in ("revisited", "classic"):
        default = str(PurePath(folder) / f"gnd_{dataset}.pkl")
        return {"images": str(PurePath(folder) / "jpg"), "index": entry.get("index", default)}
    if layout in ("sfm120k", "val_eccv20"):
        return {"images": str(PurePath(folder) / "ims"), "index": entry["index"]}
    return {"images": folder, **{key: entry[key] for key in _LISTS if key in entry}}
