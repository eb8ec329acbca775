"""All benchmarks one after the other, each in a separate process, in one table.

    python benchmarks/run.py [--threads 2] [--without-published] [--folder FOLDER]

The published package asmk 0.1.1 is installed beside, in build/published-venv, unless ``--without-published`` is given.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from table import Row, print_rows

HERE = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--without-published", action="store_true", help="install nothing")
    parser.add_argument("--folder", type=Path, help="for temporary files, 1 GB")
    arguments = parser.parse_args()
    threads = ["--threads", str(arguments.threads)]
    folder = [] if arguments.folder is None else ["--folder", str(arguments.folder)]
    rows = [
        *run("asmk.py", *threads, *([] if arguments.without_published else ["--install-published"])),
        *run("codebooks.py", *threads),
        *run("how.py", *threads, "--repeats", "2"),
        *run("extraction_ames.py", *threads, "--repeats", "2"),
        *run("ames.py", *threads, "--repeats", "2"),
        *run("detectors.py"),
        *run("verification.py", *threads),
        *run("matching.py", *threads),
        *run("inverted_files.py"),
        *run("million.py", *threads, *folder, "--images", "50000", "--queries", "10"),
    ]
    print(f"{arguments.threads} threads; the best of several runs; ratio: how many times faster than the reference")
    print_rows(rows)


def run(script: str, *options: str) -> list[Row]:
    """The rows of one benchmark."""
    print(f"{script} ...", file=sys.stderr, flush=True)
    command = [sys.executable, str(HERE / script), "--json", *options]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return [Row(**row) for row in json.loads(output.splitlines()[-1])]


if __name__ == "__main__":
    main()
