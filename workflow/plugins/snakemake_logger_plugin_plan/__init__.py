"""Logger plugin that writes the jobs of a dry run as JSON, one per line, for `reprise explain` and other commands.

Snakemake finds logger plugins by their names on the Python path; this one is chosen by `--logger plan`.
"""

import json
from dataclasses import dataclass, field
from logging import LogRecord
from pathlib import Path

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent
from snakemake_interface_logger_plugins.settings import LogHandlerSettingsBase


@dataclass
class LogHandlerSettings(LogHandlerSettingsBase):
    """The settings of the plugin.

    Attributes:
        path: the file that the jobs are written to
    """

    path: str = field(default="", metadata={"help": "File that the jobs are written to.", "required": True})


class LogHandler(LogHandlerBase):
    """Writes the jobs of a dry run; Snakemake finds the class by this name."""

    writes_to_stream = False
    writes_to_file = False
    has_filter = True
    has_formatter = True
    needs_rulegraph = False

    def __post_init__(self) -> None:
        self._path = Path(self.settings.path)
        self._path.write_text("", encoding="utf-8")

    def emit(self, record: LogRecord) -> None:
        """Append the job of a record to the file; records of anything else are ignored."""
        if getattr(record, "event", None) != LogEvent.JOB_INFO:
            return
        job = {
            "rule": record.rule_name,
            "wildcards": dict(record.wildcards),
            "inputs": [str(file) for file in record.input],
            "outputs": [str(file) for file in record.output],
            "logs": [str(file) for file in [*record.log, *([record.benchmark] if record.benchmark else [])]],
            "threads": record.threads,
            "reason": record.reason,
            "resources": {name: value for name, value in record.resources.items() if isinstance(value, int | str)},
        }
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(job) + "\n")
