"""Logger plugin of Snakemake: a run in a few lines, and a dry run as `reprise explain` puts it.

Snakemake finds logger plugins by the names of packages, and loads them before it reads its command line; so nothing of
the project is imported here before it is needed. Whatever goes wrong in the display, Snakemake's own takes its place.
"""

import sys
import traceback
from dataclasses import dataclass, field
from logging import LogRecord
from typing import Any

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.settings import LogHandlerSettingsBase

_followed: list[Any] = []


def follow(workflow: Any) -> None:
    """Take the jobs, and the reasons to run them, from ``workflow`` (called by the Snakefile)."""
    _followed.append(workflow)


def starts() -> None:
    """Hand over the jobs that will run (called by the Snakefile before the first, in the thread of the workflow)."""
    for handler in _handlers:
        handler.guarded(lambda display: display.starts())


@dataclass
class LogHandlerSettings(LogHandlerSettingsBase):
    """The settings of the plugin.

    Attributes:
        plan: the file that a dry run is written to, as JSON, in place of what is printed
    """

    plan: str = field(
        default="", metadata={"help": "File that a dry run is written to, in place of the terminal.", "required": False}
    )


class LogHandler(LogHandlerBase):
    """Passes what happens on to the display; Snakemake finds the class by this name."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = True
    has_formatter = True
    needs_rulegraph = False

    def __post_init__(self) -> None:
        self._display: Any = None
        self._own: Any = None
        _handlers.append(self)
        self.guarded(lambda _: self._load())

    def _load(self) -> None:
        from reprise.cli.display.handling import make_display

        self._display = make_display(
            self.common_settings, self.settings.plan if self.settings else "", _followed, self._default()
        )

    def emit(self, record: LogRecord) -> None:
        """Take one record, in a thread beside that of the workflow."""
        if self._display is not None:
            self.guarded(lambda display: display.take(record), record)
        else:
            self._default().handle(record)

    def close(self) -> None:
        """Say how it ended."""
        ending, self._display = self._display, None  # Snakemake closes it, and Python once more
        if ending is not None:
            self.guarded(lambda _: ending.ends())
        super().close()

    def guarded(self, act: Any, record: LogRecord | None = None) -> None:
        """Do something with the display; where it fails, Snakemake's own display shows this record and all others."""
        try:
            act(self._display)
        except Exception:
            self._display = None
            print(f"The display of reprise failed, and Snakemake's goes on:\n{traceback.format_exc()}", file=sys.stderr)
            if record is not None:
                self._default().handle(record)

    def _default(self) -> Any:
        """The handler that Snakemake would have without this plugin."""
        from snakemake.logging import ColorizingTextHandler, DefaultFilter, DefaultFormatter

        if self._own is None:
            settings: Any = self.common_settings
            self._own = ColorizingTextHandler(
                nocolor=settings.nocolor,
                stream=sys.stdout if settings.stdout else sys.stderr,
                formatter=DefaultFormatter(settings.quiet, settings.show_failed_logs),
                filter=DefaultFilter(
                    settings.quiet, settings.debug_dag, settings.verbose, settings.dryrun, settings.printshellcmds
                ),
            )
        return self._own


_handlers: list[LogHandler] = []
