"""Snakemake's reasons to run a job again, of which one is none here."""

import logging
from typing import Any

# Snakemake's own, so that the message is in its log, and is passed to its plugins.
_log = logging.getLogger("snakemake.logging")
_CODE = "CODE"


def ignore_code_trigger(workflow: Any) -> None:
    """Leave the trigger ``code`` out of every plan, and say so in one sentence where it was asked for.

    It takes a script that is younger than its outputs for another one, as all scripts are after a checkout or a copy,
    and it is on wherever the profile of this project is not read. The recipe of each rule says what its code was.

    Args:
        workflow: Snakemake's, while the Snakefile is read; the settings of the run are not known to it yet
    """
    kind = type(workflow)
    asked = kind.rerun_triggers
    told: list[bool] = []

    def others(self: Any) -> set[Any]:
        triggers = asked.fget(self)
        kept = {trigger for trigger in triggers if trigger.name != _CODE}
        if len(kept) < len(triggers) and not told:
            told.append(True)
            _log.warning(
                "The trigger 'code' is ignored: it compares times of scripts, and the recipes of this project compare "
                "their content. rerun-triggers: [mtime, params, input, software-env] in your profile says the same."
            )
        return kept

    kind.rerun_triggers = property(others)
