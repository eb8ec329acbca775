"""Where every file stands, as strings that Snakemake and the recipes share."""

import fnmatch
from collections.abc import Mapping
from pathlib import PurePath

from reprise.storage.sources import Source


class Paths:
    """The files of one configuration."""

    def __init__(self, config: Mapping, sources: Mapping[str, Source]):
        self._config = config
        self._sources = sources
        self.data = config["data"]
        self.output = config["output"]

    @property
    def mirror(self) -> str:
        """The file that says that the miniature mirror is whole."""
        return f"{self.data}/mirror/mirror.json"

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

    def dataset(self, dataset: str) -> tuple[str, str]:
        """The folder of the images of a dataset, and the file that lists them."""
        entry = self._config["datasets"][dataset]
        if "images" in entry:
            return self.image_folder(entry["images"]), self.download(entry["index"])
        folder = entry["folder"]
        if entry["layout"] == "list":
            return folder, entry["list"]
        if entry["layout"] in ("revisited", "classic"):
            return str(PurePath(folder) / "jpg"), entry.get("index", str(PurePath(folder) / f"gnd_{dataset}.pkl"))
        return str(PurePath(folder) / "ims"), entry["index"]

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
        if "images" in entry:
            return [self.manifest(entry["images"]), self.receipt(entry["index"])]
        return [self.dataset(dataset)[1]]

    def checkpoint(self, checkpoint: str) -> str:
        """The file of a network's weights."""
        entry = self._config["checkpoints"][checkpoint]
        if entry["origin"] == "published":
            return self.download(entry["source"])
        return f"{self.output}/models/{checkpoint}.pth"

    def checkpoint_input(self, checkpoint: str) -> str:
        """The file that has to exist before a network's weights can be read."""
        entry = self._config["checkpoints"][checkpoint]
        if entry["origin"] == "published":
            return self.receipt(entry["source"])
        return f"{self.output}/models/{checkpoint}.pth"

    def features(self, extractor: str, dataset: str, split: str) -> str:
        """The merged features of a split."""
        return f"{self.output}/features/{extractor}/{dataset}/{split}.h5"
