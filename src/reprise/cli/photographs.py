"""What ``reprise search`` asks of the workflow: the overlay that makes a search of photographs of the configuration."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reprise.cli.project import snakefile
from reprise.cli.undecodable import undecodable
from reprise.cli.words import counted
from reprise.datasets.folder import images_below, without
from reprise.datasets.same_images import same_images
from reprise.extractors.settings import ExtractorSettings
from reprise.pipeline.paths import Paths
from reprise.pipeline.spec.config import Spec
from reprise.pipeline.spec.project import read_project
from reprise.storage.errors import DataError, unknown_name
from reprise.storage.json_files import interpreting
from reprise.storage.yaml_files import load_yaml

NAME = "photographs"
_IMAGES_OF_A_PART = 32
# A visual word for so many descriptors, and so many descriptors of an image; fewer words than descriptors in any case.
_DESCRIPTORS_OF_A_WORD, _FEATURES = 64, 1000
_MOST_WORDS, _LEAST_WORDS = 65536, 16
# Inliers by which an image moves up: unrelated ones have up to ten.
_LEAST_INLIERS = 12
_SHORTLIST = 100


@dataclass(frozen=True)
class Photographs:
    """What is searched, and how.

    Attributes:
        database: a folder of images
        queries: a folder, or an image; None searches for each image of the database
        extractor: the name of an extractor of the configuration; None is rootsift, or what AMES compares
        search: "asmk" (local descriptors and visual words) or "global"; None is global where the configuration compares
            global descriptors of the extractor
        codebook: the name of a codebook of the configuration that was made; None trains one on the folder
        rerank: "homography" or "ames", or None
        topk: images of each query
        output: the folder of all results; None names it after the database
        configfiles: overlays of the configuration
    """

    database: str
    queries: str | None = None
    extractor: str | None = None
    search: str | None = None
    codebook: str | None = None
    rerank: str | None = None
    topk: int = 20
    output: str | None = None
    configfiles: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """The folder of all results."""
        return Path(self.output or Path("results", "searches", Path(self.database).resolve().name or "root"))

    @property
    def page(self) -> Path:
        """The gallery."""
        return self.folder / "galleries" / NAME / f"{NAME}.html"

    @property
    def ranking(self) -> Path:
        """The file of rankings."""
        return self.folder / "rankings" / NAME / f"{NAME}.h5"

    def queries_in_the_database(self) -> dict[str, list[str]]:
        """Find the queries of another folder that are images of the database: name -> names in the database."""
        if self.queries is None:
            return {}
        return same_images(images_below(Path(self.database)), images_below(Path(self.queries)))

    def damaged(self) -> dict[str, str]:
        """Find the images of the database that cannot be decoded: name -> why.

        Raises:
            DataError: one of the queries cannot be decoded
        """
        if self.queries:
            reasons = undecodable(images_below(Path(self.queries)))
            if reasons:
                listed = "\n".join(reasons.values())
                raise DataError(
                    f"{self.queries}: {counted(len(reasons), 'query', 'queries')} cannot be decoded:\n{listed}"
                )
        known = self.folder / "images.json"
        return undecodable(images_below(Path(self.database)), known if self.folder.is_dir() else None)

    def overlay(self) -> dict[str, Any]:
        """Make the configuration of the same search, for ``snakemake --configfile``.

        The number of parts into which the database is divided is that of the search before in the same folder, if
        there was any, so that parts stay the same.

        Raises:
            DataError: a folder or image that is not there, a folder without any image, or an extractor, a codebook or
                weights that are not there, or do not fit the search
        """
        damaged = self.damaged()
        images = len(without(images_below(Path(self.database)), damaged))
        made = _Overlay(self, images, read_project(self.configfiles, snakefile().parent))
        return {
            "output": str(self.folder),
            "exif": "apply",
            "gallery": {"topk": self.topk},
            "datasets": {
                NAME: {
                    "layout": "folder",
                    "folder": str(Path(self.database).resolve()),
                    "queries": str(Path(self.queries).resolve()) if self.queries else None,
                    "chunks": self._parts(images),
                    "undecodable": "skip",  # what no network can take, such as an image of a few pixels
                    **({"leave_out": sorted(damaged)} if damaged else {}),
                }
            },
            **made.entries(),
        }

    def _parts(self, images: int) -> int:
        before = self.folder / "search.yaml"
        if before.is_file():
            with interpreting(before, "delete it and run again"):
                content: Any = load_yaml(before)
                parts = int(content["datasets"][NAME]["chunks"])
            if images >= _IMAGES_OF_A_PART // 4 * parts or parts == 1:
                return parts
        return max(1, images // _IMAGES_OF_A_PART)


class _Overlay:
    """The entries of one search.

    Args:
        asked: what is searched, and how
        images: number of images
        project: the configuration
    """

    def __init__(self, asked: Photographs, images: int, project: Spec) -> None:
        self._asked, self._images, self._project = asked, images, project
        self._config = project.values()
        self._paths = Paths(self._config, {})
        self._reranker = self._ames() if asked.rerank == "ames" else None
        self._name = asked.extractor or (self._reranker[1].extractor if self._reranker else "rootsift")
        if self._name not in project.entries["extractors"]:
            raise unknown_name("--extractor", self._name, project.entries["extractors"])
        self._extractor: Any = project.entries["extractors"][self._name]

    def entries(self) -> dict[str, Any]:
        """The sections of the overlay that say how images are compared."""
        kind = self._global_kind()
        changed = self._changed(kind)
        extractor = NAME if changed else self._name
        content: dict[str, Any] = {"extractors": {NAME: changed}} if changed else {}
        if kind is None:
            content |= self._codebook(extractor)
            search = self._asmk(extractor)
        else:
            topk = min(self._images, max(_SHORTLIST, self._asked.topk + 1))
            content["neighbors"] = {NAME: {"extractor": extractor, "descriptor": kind, "count": topk}}
            search = {"method": f"{self._name} ({kind})", "search": "global", "neighbors": NAME}
        if self._asked.rerank:
            reranker, step = self._step(extractor)
            content["rerankers"] = {NAME: reranker}
            search["method"] += f" + {'AMES' if self._asked.rerank == 'ames' else self._asked.rerank}"
            search["steps"] = {self._asked.rerank: {**step, "shortlist": min(self._images, _SHORTLIST)}}
        return {**content, "experiments": {NAME: search}}

    def _global_kind(self) -> str | None:
        """The global descriptor that is compared; None where local ones are searched."""
        asked, gives = self._asked, self._extractor.global_descriptors()
        neighbors: Mapping[str, Any] = self._project.entries["neighbors"]
        compared = [entry.descriptor for entry in neighbors.values() if entry.extractor == self._name]
        if asked.search == "asmk" or (asked.search is None and not compared):
            if "descriptors" not in self._extractor.gives():
                raise DataError(f"--search asmk: {self._name} has no local descriptors; name another extractor")
            return None
        if asked.codebook:
            raise DataError("--codebook: a search by global descriptors has no visual words; leave it out")
        if compared or gives:
            return str((compared or gives)[0])
        if hasattr(self._extractor, "global_descriptor"):
            return "global"  # made beside the local ones where it is asked for
        raise DataError(
            f"--search global: {self._name} gives no global descriptor; name an extractor that does, such as "
            f"{', '.join(self._with_global_descriptors()) or 'none of this configuration'}"
        )

    def _with_global_descriptors(self) -> list[str]:
        extractors: Mapping[str, Any] = self._project.entries["extractors"]
        return [
            name for name, each in extractors.items() if each.global_descriptors() or hasattr(each, "global_descriptor")
        ]

    def _changed(self, kind: str | None) -> dict[str, Any] | None:
        """The extractor with what has to differ for this search; None where nothing has.

        Networks that were trained are files of the configuration's own output, and not of this search.
        """
        complete = dict(self._paths.extractor_entry(self._name))
        changes: dict[str, Any] = {}
        settings = type(self._extractor).read(complete, f"extractors.{self._name}")
        for key, _, network in settings.networks():
            file = self._trained(network)
            if file is not None:
                part, _, last = key.rpartition(".")
                target = changes.setdefault(part, dict(complete[part])) if part else changes
                target[last] = file
        if kind is not None and kind not in self._extractor.global_descriptors():
            changes["global_descriptor"] = True
        if not changes:
            return None
        made = self._extractor.keypoints_of(self._config["extractors"][self._name])
        return {**complete, **changes} if made else {"like": self._name, **changes}

    def _trained(self, network: str | None) -> str | None:
        """The file of a network that was trained; None for those that are downloaded, or are files already."""
        entry = self._config["checkpoints"].get(network)
        if network is None or entry is None or entry["origin"] != "trained":
            return None
        file = Path(self._paths.checkpoint(network))
        if not file.is_file():
            raise DataError(
                f"{file}: is not there, the weights of checkpoints.{network}, which are trained; make them first: "
                f"{self._snakemake(str(file))}"
            )
        return str(file.resolve())

    def _snakemake(self, target: str) -> str:
        overlays = f"--configfile {' '.join(self._asked.configfiles)} " if self._asked.configfiles else ""
        return f"snakemake {overlays}--cores all -- {target}"

    def _features(self) -> int:
        return min(_FEATURES, getattr(self._extractor, "num_features", None) or _FEATURES)

    def _asmk(self, extractor: str) -> dict[str, Any]:
        return {
            "method": f"{self._name} + ASMK*",
            "search": "asmk",
            "extractor": extractor,
            "num_features": self._features(),
            "codebook": NAME,
            "asmk": {"topk": min(self._images, max(_SHORTLIST, self._asked.topk + 1))},
        }

    def _codebook(self, extractor: str) -> dict[str, Any]:
        """A codebook that is trained on the folder, or one of the configuration that was made."""
        name = self._asked.codebook
        if name is None:
            size = _words(self._images, self._features())
            trained = {"extractor": extractor, "dataset": NAME, "size": size, "num_features": self._features()}
            return {"codebooks": {NAME: trained}}
        if name not in self._project.entries["codebooks"]:
            raise unknown_name("--codebook", name, self._project.entries["codebooks"])
        entry: Any = self._project.entries["codebooks"][name]
        described = self._project.entries["extractors"][entry.extractor]
        if isinstance(described, ExtractorSettings) and described.described_by() != self._extractor.described_by():
            raise DataError(
                f"--codebook {name}: was trained on features of {entry.extractor}, which are others than those of "
                f"{self._name}; name a codebook of the same, or leave it out"
            )
        file = Path(entry.file or Path(self._config["output"], "codebooks", f"{name}.h5"))
        if not file.is_file():
            raise DataError(
                f"--codebook {name}: {file} is not there; make it first: {self._snakemake(str(file))}. Or leave it "
                "out: one is trained on the folder"
            )
        return {"codebooks": {NAME: {"like": name, "extractor": extractor, "file": str(file.resolve())}}}

    def _step(self, extractor: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """The reranker, and the step without its short list."""
        if self._reranker is None:
            lacking = sorted({"descriptors", "keypoints"} - self._extractor.gives())
            if lacking:
                raise DataError(
                    f"--rerank homography: needs {' and '.join(lacking)}, which features of {self._name} do not have; "
                    "name an extractor that has them, such as rootsift"
                )
            reranker = {"scorer": "homography", "extractor": extractor, "chunks": 1}
            return reranker, {"rerank": NAME, "least": _LEAST_INLIERS}
        name, entry = self._reranker
        file = self._trained(entry.checkpoint)
        weights = {"checkpoint": file} if file else {}
        return {"like": name, "extractor": extractor, "chunks": 1, **weights}, {**self._published(name), "rerank": NAME}

    def _ames(self) -> tuple[str, Any]:
        """The first reranker by AMES of the features of the extractor that is asked for, or of any."""
        found: dict[str, Any] = {
            name: entry
            for name, entry in self._project.entries["rerankers"].items()
            if getattr(entry, "scorer", None) == "ames"
        }
        fitting = [
            name for name, entry in found.items() if self._asked.extractor in (None, getattr(entry, "extractor", None))
        ]
        if not fitting:
            extractors = dict.fromkeys(entry.extractor for entry in found.values())
            raise DataError(
                f"--rerank ames: no AMES network of this configuration compares features of {self._asked.extractor}; "
                f"name an extractor that one does: {', '.join(extractors) or 'there is none'}"
            )
        return fitting[0], found[fitting[0]]

    def _published(self, reranker: str) -> dict[str, Any]:
        """The settings of the first experiment of the configuration that re-ranks by a reranker."""
        for entry in self._config["experiments"].values():
            if entry.get("rerank") == reranker:
                apart = {"rerank", "ranking", "method", "column", "shortlist", "steps"}
                return {key: value for key, value in entry.items() if key not in apart}
        return {}


def _words(images: int, features: int = _FEATURES) -> int:
    words = _LEAST_WORDS
    while 2 * words <= min(_MOST_WORDS, images * features // _DESCRIPTORS_OF_A_WORD):
        words *= 2
    return words
