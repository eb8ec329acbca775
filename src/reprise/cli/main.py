"""The command ``reprise``."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import reprise
from reprise.cli.accept import accept
from reprise.cli.clean import clean
from reprise.cli.downloads import downloads
from reprise.cli.dryrun import Snakemake
from reprise.cli.explain import explain
from reprise.cli.jobs import EVERYTHING
from reprise.cli.project import init
from reprise.cli.redate import redate
from reprise.cli.status import status
from reprise.cli.verify import verify
from reprise.pipeline.spec.project import read_project
from reprise.storage.errors import DataError

_SCRIPTS = Path("workflow") / "scripts"
_SOURCES = Path("config") / "sources.yaml"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        the exit code: 1 for bad input and where something differs, 130 after an interruption, else 0
    """
    options = _parser().parse_args(arguments)
    try:
        code = options.command(options)
        sys.stdout.flush()
        return code
    except DataError as error:
        print(f"reprise: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("reprise: interrupted; what is finished is kept, and the same command goes on with it", file=sys.stderr)
        return 128 + signal.SIGINT
    except BrokenPipeError:  # as of `reprise status | head`; nobody reads on, and Python flushes once more at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="reprise",
        description="Search photographs; and of the workflow: what a run would do, what exists, and what may go.",
    )
    parser.add_argument("--version", action="version", version=f"reprise {reprise.__version__}")
    commands = parser.add_subparsers(
        required=True,
        metavar="init | search | downloads | explain | status | verify | export | accept | redate | clean | "
        "describe-patches",
    )
    project = argparse.ArgumentParser(add_help=False)
    project.add_argument("--configfile", nargs="+", default=[], metavar="FILE", help="overlays, as for snakemake")
    project.add_argument("--config", nargs="+", default=[], metavar="KEY=VALUE", help="settings, as for snakemake")
    project.add_argument("--cores", type=_positive, default=os.cpu_count(), help="what a run would have; default: all")

    command = commands.add_parser("init", help="copy the workflow into a folder of your own")
    command.add_argument("folder", metavar="FOLDER", help="nothing that is there is overwritten")
    command.set_defaults(command=_init)

    command = commands.add_parser("search", help="search a folder of photographs, and show what is found")
    command.add_argument("database", metavar="DATABASE", help="a folder of images; subfolders belong to it")
    command.add_argument("queries", nargs="?", metavar="QUERIES", help="a folder or an image; default: the database")
    command.add_argument("--extractor", metavar="NAME", help="default: rootsift, or what AMES compares")
    command.add_argument("--search", choices=["asmk", "global"], help="default: global where that is configured")
    command.add_argument("--codebook", metavar="NAME", help="one that was made; default: trained on the folder")
    command.add_argument("--rerank", choices=["homography", "ames"], help="compare the first images of a query again")
    command.add_argument("--topk", type=_positive, default=20, help="images per query in the gallery; default: 20")
    command.add_argument("--output", metavar="FOLDER", help="default: results/searches/<name of DATABASE>")
    command.add_argument("--config", metavar="FILE", help="write the same as an overlay for snakemake, and run nothing")
    command.add_argument("--configfile", nargs="+", default=[], metavar="FILE", help="overlays, as for snakemake")
    command.add_argument("--cores", type=_positive, default=os.cpu_count(), help="default: all")
    command.set_defaults(command=_search)

    command = commands.add_parser("explain", parents=[project], help="what would run, why, and for how long")
    command.add_argument("targets", nargs="*", metavar="TARGET", help="default: all tables")
    command.set_defaults(command=_explain)

    command = commands.add_parser(
        "downloads", parents=[project], help="what would be downloaded, and under which licence"
    )
    command.add_argument("targets", nargs="*", metavar="TARGET", help="default: all tables")
    command.set_defaults(command=_downloads)

    command = commands.add_parser("status", parents=[project], help="what exists, since when, and how much of it")
    command.set_defaults(command=_status)

    command = commands.add_parser(
        "verify", parents=[project], help="hash everything that led to a table, and name what differs"
    )
    command.add_argument("target", metavar="TARGET", help="a table, such as results/table2.csv")
    command.set_defaults(command=_verify)

    command = commands.add_parser("export", help="write a table and how it was made as an RO-Crate, for an archive")
    command.add_argument("target", metavar="TARGET", help="a table, such as results/table2.csv")
    command.add_argument("--output", required=True, metavar="FOLDER|FILE.zip", help="new; nothing is overwritten")
    command.add_argument("--rankings", action="store_true", help="with the rankings that were evaluated")
    command.add_argument("--configfile", nargs="+", default=[], metavar="FILE", help="overlays that belong to it")
    command.set_defaults(command=_export)

    command = commands.add_parser("accept", parents=[project], help="take results for current after an edit of code")
    command.add_argument("targets", nargs="*", metavar="TARGET", help="with all that leads to it; default: all tables")
    command.add_argument("--reason", required=True, help="why the edit changes no number; it stands in the provenance")
    command.set_defaults(command=_accept)

    command = commands.add_parser("redate", parents=[project], help="after a copy, give files their times back")
    command.set_defaults(command=_redate)

    command = commands.add_parser("clean", parents=[project], help="remove intermediates that no table needs")
    command.add_argument("--unused", action="store_true", required=True, help="what no configured table needs")
    command.add_argument("--yes", action="store_true", help="do not ask")
    command.add_argument("targets", nargs="*", metavar="TARGET", help="keep what these need, too")
    command.set_defaults(command=_clean)

    command = commands.add_parser("describe-patches", help="write the descriptors of patches below each other")
    command.add_argument("image", metavar="IMAGE", help="as wide as a patch, such as ref.png of HPatches")
    command.add_argument("output", metavar="OUTPUT", help="a .csv or .txt file, a descriptor per line, or .npy")
    command.add_argument("--descriptor", default="hardnet", metavar="NAME", help="default: hardnet")
    command.add_argument("--checkpoint", metavar="FILE", help="weights; default: the published ones, if downloaded")
    command.add_argument("--device", help="such as cpu or cuda; default: a GPU where there is one")
    command.set_defaults(command=_describe_patches)
    return parser


def _snakemake(options: argparse.Namespace) -> Snakemake:
    return Snakemake(options.configfile, options.cores, options.config)


def _init(options: argparse.Namespace) -> int:
    print(init(options.folder))
    return 0


def _search(options: argparse.Namespace) -> int:
    from reprise.cli.photographs import Photographs  # with what reads images, which others do without
    from reprise.cli.search import search_command

    searched = Photographs(
        options.database, options.queries, options.extractor, options.search, options.codebook, options.rerank,
        options.topk, options.output, tuple(options.configfile),
    )  # fmt: skip
    print(search_command(searched, options.config, options.cores))
    return 0


def _explain(options: argparse.Namespace) -> int:
    print(explain(_snakemake(options), options.targets or [EVERYTHING], _SCRIPTS))
    return 0


def _downloads(options: argparse.Namespace) -> int:
    own = read_project(options.configfile).values()["sources"]
    print(downloads(_snakemake(options), options.targets or [EVERYTHING], _SOURCES, own))
    return 0


def _status(options: argparse.Namespace) -> int:
    print(status(_snakemake(options)))
    return 0


def _verify(options: argparse.Namespace) -> int:
    text, intact = verify(options.target, options.configfile, options.cores, options.config)
    print(text)
    return 0 if intact else 1


def _export(options: argparse.Namespace) -> int:
    from reprise.cli.export import export  # with a library that other commands do without

    print(export(options.target, options.output, options.configfile, options.rankings))
    return 0


def _accept(options: argparse.Namespace) -> int:
    print(accept(_snakemake(options), options.targets, options.reason, _SCRIPTS))
    return 0


def _redate(options: argparse.Namespace) -> int:
    print(redate(_snakemake(options)))
    return 0


def _clean(options: argparse.Namespace) -> int:
    clean(_snakemake(options), options.targets, ask=None if options.yes else input)
    return 0


def _describe_patches(options: argparse.Namespace) -> int:
    from reprise.cli.describe_patches import describe_patches  # with compiled modules, which other commands do without

    chosen = {"descriptor": options.descriptor, "checkpoint": options.checkpoint, "device": options.device}
    print(describe_patches(options.image, options.output, **chosen))
    return 0


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("give at least 1")
    return value


if __name__ == "__main__":
    sys.exit(main())
