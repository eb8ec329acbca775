"""``reprise search``: photographs of one's own, searched by the workflow, with a gallery of what was found.

The command writes an overlay of the configuration and runs Snakemake for the gallery. What was computed is kept and
used again: after a change of the folder, only parts with other images are extracted again.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from tqdm import tqdm

from reprise.cli.project import snakefile
from reprise.datasets.folder import images_below
from reprise.formats.rankings import read_ranking
from reprise.storage.atomic import write_text
from reprise.storage.errors import DataError
from reprise.storage.json_files import interpreting
from reprise.storage.yaml_files import load_yaml

_NAME = "photographs"
_IMAGES_OF_A_PART = 32
# A visual word for so many descriptors, and so many descriptors of an image; fewer words than descriptors in any case.
_DESCRIPTORS_OF_A_WORD, _FEATURES = 64, 1000
_MOST_WORDS, _LEAST_WORDS = 65536, 16
# Inliers by which an image moves up: unrelated ones have up to ten.
_LEAST_INLIERS = 12
_STEP = re.compile(r"^(\d+) of (\d+) steps")
_RULE = re.compile(r"^(?:local)?rule (\w+):")


@dataclass(frozen=True)
class Photographs:
    """What is searched, and how.

    Attributes:
        database: a folder of images
        queries: a folder, or an image; None searches for each image of the database
        extractor: the name of an extractor of the configuration that has local descriptors
        codebook: the name of a codebook of the configuration; None trains one on the folder
        rerank: "homography", or None
        topk: images of each query
        output: the folder of all results; None names it after the database
    """

    database: str
    queries: str | None = None
    extractor: str = "rootsift"
    codebook: str | None = None
    rerank: str | None = None
    topk: int = 20
    output: str | None = None

    @property
    def folder(self) -> Path:
        """The folder of all results."""
        return Path(self.output or Path("results", "searches", Path(self.database).resolve().name or "root"))

    @property
    def page(self) -> Path:
        """The gallery."""
        return self.folder / "galleries" / _NAME / f"{_NAME}.html"

    @property
    def ranking(self) -> Path:
        """The file of rankings."""
        return self.folder / "rankings" / _NAME / f"{_NAME}.h5"

    def overlay(self) -> dict[str, Any]:
        """Make the configuration of the same search, for ``snakemake --configfile``.

        The number of parts into which the database is divided is that of the search before in the same folder, if
        there was any, so that parts stay the same.

        Raises:
            DataError: a folder or image that is not there, or a folder without any image
        """
        images = len(images_below(Path(self.database)))
        if self.queries:
            images_below(Path(self.queries))
        codebook = self.codebook or _NAME
        search: dict[str, Any] = {
            "method": f"{self.extractor} + ASMK*",
            "search": "asmk",
            "extractor": self.extractor,
            "codebook": codebook,
            "asmk": {"topk": min(images, max(100, self.topk + 1))},
        }
        content: dict[str, Any] = {
            "output": str(self.folder),
            "gallery": {"topk": self.topk},
            "datasets": {
                _NAME: {
                    "layout": "folder",
                    "folder": str(Path(self.database).resolve()),
                    "queries": str(Path(self.queries).resolve()) if self.queries else None,
                    "chunks": self._parts(images),
                    "undecodable": "skip",
                }
            },
            "experiments": {_NAME: search},
        }
        if not self.codebook:
            content["codebooks"] = {_NAME: {"extractor": self.extractor, "dataset": _NAME, "size": _words(images)}}
        if self.rerank:
            content["rerankers"] = {_NAME: {"scorer": self.rerank, "extractor": self.extractor, "chunks": 1}}
            step = {"rerank": _NAME, "shortlist": min(images, 100), "least": _LEAST_INLIERS}
            content["experiments"][_NAME] = {
                **search, "method": f"{search['method']} + {self.rerank}", "steps": {self.rerank: step}
            }  # fmt: skip
        return content

    def _parts(self, images: int) -> int:
        before = self.folder / "search.yaml"
        if before.is_file():
            with interpreting(before, "delete it and run again"):
                content: Any = load_yaml(before)
                parts = int(content["datasets"][_NAME]["chunks"])
            if images >= _IMAGES_OF_A_PART // 4 * parts or parts == 1:
                return parts
        return max(1, images // _IMAGES_OF_A_PART)


def _words(images: int) -> int:
    words = _LEAST_WORDS
    while 2 * words <= min(_MOST_WORDS, images * _FEATURES // _DESCRIPTORS_OF_A_WORD):
        words *= 2
    return words


def search_command(searched: Photographs, config: str | None, cores: int) -> str:
    """Run a search, or write its configuration only; see the help of ``reprise search``.

    Args:
        searched: what is searched, and how
        config: the overlay that is written; None: all is run
        cores: number of cores

    Returns:
        what is printed

    Raises:
        DataError: there is nothing to search, or a job failed
    """
    text = "# Made by: reprise search\n" + yaml.safe_dump(searched.overlay(), sort_keys=False, allow_unicode=True)
    if config:
        write_text(config, text)
        command = f"snakemake --configfile {config} --snakefile {snakefile()} --cores {cores} -- {searched.page}"
        return f"Written to {config}. Run it: {command}"
    run_search(searched, cores)
    return f"Look at {searched.page.resolve().as_uri()}"


def run_search(searched: Photographs, cores: int) -> None:
    """Write the configuration of a search beside its results, and make the gallery.

    Raises:
        DataError: there is nothing to search, no workflow, or a job failed
    """
    overlay = searched.folder / "search.yaml"
    content = searched.overlay()
    searched.folder.mkdir(parents=True, exist_ok=True)
    write_text(overlay, yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
    command = [
        sys.executable, "-m", "snakemake", "--snakefile", str(snakefile()), "--nocolor", "--cores", str(cores),
        "--configfile", str(overlay), "--", str(searched.page),
    ]  # fmt: skip
    with subprocess.Popen(
        command,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        said = _follow(process.stdout or ())
    if process.returncode:
        raise DataError(f"{overlay}: the search stopped:\n{_last(said)}")


def _follow(lines: Iterable[str]) -> list[str]:
    """Show a bar of the steps that are done, with the time left; returns all that was printed."""
    said = []
    with tqdm(desc="plan", unit="job", mininterval=0.5) as bar:
        for line in lines:
            said.append(line)
            if step := _STEP.match(line):
                bar.total = int(step[2])
                bar.update(int(step[1]) - bar.n)
            elif rule := _RULE.match(line):
                bar.set_description(rule[1].replace("_", " "))
    return said


def _last(lines: list[str], count: int = 30) -> str:
    errors = [line for line in lines if line.startswith("ERROR:")]
    return "".join(errors or lines[-count:]).rstrip()


def search(
    database: str | os.PathLike,
    queries: str | os.PathLike | None = None,
    *,
    extractor: str = "rootsift",
    topk: int = 20,
    output: str | os.PathLike | None = None,
) -> dict[str, list[tuple[str, float]]]:
    """Search the photographs of a folder by the workflow, as ``reprise search`` does.

    The workflow is that of the working directory, if it is a project, or else that of the package. What was computed
    before is used again.

    Args:
        database: a folder of images; subfolders belong to it
        queries: a folder of images, or one image; None: each image of the database, which then does not find itself
        extractor: the name of an extractor of the configuration that has local descriptors
        topk: images of each query
        output: the folder of all results; None names it after the database

    Returns:
        name of a query -> (name of an image, score), best first; names are paths below the folders

    Raises:
        DataError: a folder without images, no workflow, or a job that failed
    """
    paths = [os.fspath(path) if path is not None else None for path in (database, queries, output)]
    searched = Photographs(str(paths[0]), paths[1], extractor, topk=topk, output=paths[2])
    run_search(searched, os.cpu_count() or 1)
    ranking = read_ranking(searched.ranking)
    itself = {name: name for name in ranking.query_names} if queries is None else {}
    return {
        name: [found for found in ranking.of(name) if found[0] != itself.get(name)][:topk]
        for name in ranking.query_names
    }
