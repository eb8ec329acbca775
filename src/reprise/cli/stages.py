"""Folders of the stages of a configuration."""

from collections.abc import Iterable
from pathlib import Path, PurePath

from reprise.cli.jobs import DryRun, Job


def stage_folders(jobs: Iterable[Job], plan: DryRun) -> list[Path]:
    """List the folders directly in the output folder, and in that of the data, that ``jobs`` write to.

    Another configuration may keep its files in a folder inside (results/mini in results); that one is not among them.
    """
    folders: dict[Path, None] = {}
    for file in (PurePath(file) for job in jobs for file in job.outputs):
        for root in (plan.output, plan.data):
            if file.is_relative_to(root) and len(file.relative_to(root).parts) > 1:
                folders[Path(root) / file.relative_to(root).parts[0]] = None
    return [folder for folder in folders if folder.is_dir()]
