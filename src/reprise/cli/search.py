"""``reprise search``: photographs of one's own, searched by the workflow, with a gallery of what was found.

The command writes an overlay of the configuration and runs Snakemake for the gallery. What was computed is kept and
used again: after a change of the folder, only parts with other images are extracted again.
"""

import os
import signal
import subprocess
import sys
from typing import Literal

import yaml

from reprise.cli.photographs import Photographs
from reprise.cli.project import snakefile
from reprise.cli.words import counted
from reprise.formats.rankings import read_ranking
from reprise.storage.atomic import write_text
from reprise.storage.errors import DataError

_LISTED = 10
_SECONDS_TO_END = 5


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
        files = " ".join([*searched.configfiles, config])
        command = f"snakemake --configfile {files} --snakefile {snakefile()} --cores {cores} -- {searched.page}"
        return f"Written to {config}. Run it: {command}"
    run_search(searched, cores)
    return "\n".join([*_warnings(searched), f"Look at {searched.page.resolve().as_uri()}"])


def _warnings(searched: Photographs) -> list[str]:
    """What a search says less of than it seems."""
    return [*_left_out(searched), *_queries_in_the_database(searched)]


def _left_out(searched: Photographs) -> list[str]:
    damaged = list(searched.damaged().values())
    if not damaged:
        return []
    more = [f"  and {len(damaged) - _LISTED} more"] if len(damaged) > _LISTED else []
    return [f"Left out: {counted(len(damaged), 'image')}", *(f"  {reason}" for reason in damaged[:_LISTED]), *more]


def _queries_in_the_database(searched: Photographs) -> list[str]:
    same = searched.queries_in_the_database()
    if not same:
        return []
    name, names = next(iter(same.items()))
    told = f"In the database, too: {counted(len(same), 'query', 'queries')} ('{name}' is '{names[0]}')"
    remedy = "a copy is found first unless you take it out of one of the folders; the same file is not shown"
    return [f"{told}; {remedy}"]


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
        sys.executable, "-m", "snakemake", "--snakefile", str(snakefile()), "--cores", str(cores),
        "--configfile", *searched.configfiles, str(overlay), "--", str(searched.page),
    ]  # fmt: skip
    on_terminal = sys.stderr.isatty()  # where the run draws how far it is
    with subprocess.Popen(
        command,
        text=True,
        stdout=None if on_terminal else subprocess.PIPE,
        stderr=None if on_terminal else subprocess.STDOUT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        said = []
        try:
            for line in process.stdout or ():
                said.append(line)
                print(line, end="", file=sys.stderr)
            process.wait()
        except KeyboardInterrupt:
            _end(process)
            raise
    if process.returncode:
        raise DataError(f"{overlay}: the search stopped:\n{_last(said) or 'the reason stands above'}")


def _end(process: subprocess.Popen[str]) -> None:
    """Wait for Snakemake, which removes what is half done; a terminal interrupts it, too, anything else does not."""
    try:
        process.wait(_SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
        process.wait()


def _last(lines: list[str], count: int = 30) -> str:
    errors = [line for line in lines if line.startswith("ERROR:")]
    return "".join(errors or lines[-count:]).rstrip()


def search(
    database: str | os.PathLike,
    queries: str | os.PathLike | None = None,
    *,
    extractor: str = "rootsift",
    rerank: Literal["homography", "ames"] | None = None,
    topk: int = 20,
    output: str | os.PathLike | None = None,
) -> dict[str, list[tuple[str, float]]]:
    """Search the photographs of a folder by the workflow, as ``reprise search`` does.

    The workflow is that of the working directory, if it is a project, or else that of the package. What was computed
    before is used again.

    Args:
        database: a folder of images; subfolders belong to it
        queries: a folder of images, or one image; None: each image of the database. No image finds itself, or a copy
        extractor: the name of an extractor of the configuration; its global descriptors are compared where the
            configuration compares them, and else its local ones
        rerank: what compares the first images of each query again; None for nothing
        topk: images of each query
        output: the folder of all results; None names it after the database

    Returns:
        name of a query -> (name of an image, score), best first; names are paths below the folders. An image that an
        extractor of global descriptors cannot take is last, with the score minus infinity

    Raises:
        DataError: a folder without images, no workflow, or a job that failed
    """
    paths = [os.fspath(path) if path is not None else None for path in (database, queries, output)]
    searched = Photographs(str(paths[0]), paths[1], extractor, rerank=rerank, topk=topk, output=paths[2])
    run_search(searched, os.cpu_count() or 1)
    ranking = read_ranking(searched.ranking)
    same = searched.queries_in_the_database()
    itself = {name: [name] for name in ranking.query_names} if queries is None else same
    return {
        name: [found for found in ranking.of(name) if found[0] not in itself.get(name, ())][:topk]
        for name in ranking.query_names
    }
