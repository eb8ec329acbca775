"""``reprise init``: a folder of one's own with the workflow, in which ``snakemake`` and ``reprise`` run."""

import shlex
import shutil
import tomllib
from pathlib import Path

from reprise.pipeline.fingerprint import PACKAGE
from reprise.storage.errors import DataError


def workflow_files() -> dict[str, Path]:
    """Map the files of the workflow, by their paths in a project, to where they are.

    An installed package has them in its folder ``project``; one that is installed in place, at the root of its tree.

    Raises:
        DataError: the package stands alone, without the workflow
    """
    root = workflow_folder()
    if root.is_relative_to(PACKAGE):
        names = [path.name for path in root.iterdir()]
    else:
        names = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["reprise"]["project"]
    files = (file for name in names for file in (root / name, *(root / name).rglob("*")) if file.is_file())
    return {file.relative_to(root).as_posix(): file for file in files if "__pycache__" not in file.parts}


def workflow_folder() -> Path:
    """Find the folder with the Snakefile that belongs to this package; DataError where there is none."""
    for folder in (PACKAGE / "project", PACKAGE.parent.parent):
        if (folder / "Snakefile").is_file():
            return folder
    raise DataError(f"{PACKAGE}: has no workflow; install reprise by pip, from a wheel or in place from its whole tree")


def snakefile() -> Path:
    """Find the Snakefile that runs: that of the working directory, or else the one that belongs to this package."""
    here = Path("Snakefile")
    return here if here.is_file() else workflow_folder() / here


def init(folder: str) -> str:
    """Copy the workflow into a folder, and return what to do next.

    Args:
        folder: a new folder, or one in which nothing has the name of a file of the workflow

    Raises:
        DataError: a file would be overwritten, and nothing was written; or the folder cannot be written to
    """
    target = Path(folder)
    files = workflow_files()
    for name in files:
        _check_free(target, name)
    try:
        for name, file in files.items():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target / name)
    except OSError as error:
        raise DataError(f"{target}: the workflow cannot be copied there ({error}); choose another folder") from error
    return (
        f"Copied {len(files)} files to {target}: config/ says what runs, Snakefile, rules/ and workflow/ how. Next:\n"
        f"  cd {shlex.quote(folder)}\n"
        "  snakemake -n                                     # lists what can be asked for\n"
        "  snakemake --configfile config/mini.yaml --cores 2 results/mini/table2.csv    # on drawn data, no download\n"
        "  reprise downloads results/table2.csv             # what a table needs\n"
        "  reprise search PHOTOGRAPHS                       # your own"
    )


def _check_free(target: Path, name: str) -> None:
    """Refuse to put a file where there is one, or below what is no folder."""
    for path in (target / name, *(target / name).parents):
        taken = path.is_symlink() or path.exists()
        if taken and (path == target / name or not path.is_dir()):
            raise DataError(f"{path}: exists, and nothing is overwritten; choose a new folder, or move it away")
