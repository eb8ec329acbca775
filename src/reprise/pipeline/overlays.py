"""What was laid over the configuration of the project: files and settings of the command line, which a table names."""

import json
import os
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

# Jobs inherit it. On another machine, Snakemake reads the workflow again, with the same overlays.
_VARIABLE = "REPRISE_OVERLAYS"


@dataclass(frozen=True)
class Overlays:
    """Overlays of a run.

    Attributes:
        configfiles: their paths, from the folder of the project where they lie in it
        config: settings by their keys, as of ``--config``
    """

    configfiles: list[str] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> list[str]:
        """The settings as ``key=value``, for a command line."""
        return [f"{key}={json.dumps(value, default=repr)}" for key, value in self.config.items()]

    @property
    def options(self) -> str:
        """What a command line says, in the quotes of a shell; empty where there is nothing."""
        files = ["--configfile", *self.configfiles] if self.configfiles else []
        return shlex.join([*files, *(["--config", *self.settings] if self.config else [])])


def given_overlays(settings: Any) -> Overlays:
    """The overlays of a run.

    Args:
        settings: Snakemake's settings of the configuration
    """
    here = Path.cwd()
    files = [Path(file) for file in settings.configfiles]
    inside = [str(file.relative_to(here)) if file.is_relative_to(here) else str(file) for file in files]
    return Overlays(inside, dict(settings.config))


def hand_on(overlays: Overlays) -> None:
    """Let all jobs know the overlays of their run."""
    os.environ[_VARIABLE] = json.dumps(asdict(overlays), default=repr)


def handed_on() -> dict[str, Any]:
    """What the record of a table says of its overlays; empty outside of a run."""
    return {"overlays": json.loads(os.environ[_VARIABLE])} if _VARIABLE in os.environ else {}


def overlays_of(provenance: Mapping[str, Any]) -> Overlays | None:
    """The overlays that a table was made with; None where its provenance does not say."""
    found = provenance.get("overlays")
    return Overlays(found["configfiles"], found["config"]) if found else None
