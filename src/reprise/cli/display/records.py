"""Records of Snakemake's log, sorted by what they are about."""

from logging import INFO, LogRecord

# Sentences about every run, which tell nothing of this one.
_USUAL = (
    "Config file ",
    "Building DAG of jobs",
    "Using shell:",
    "Provided ",
    "Rules claiming more threads",
    "Group jobs: inactive",
    "Conda environments: ignored",
    "Singularity containers: ignored",
    "Select jobs to execute",
    "Execute ",
    "This was a dry-run",
    "host: ",
    "Workflow has started",
    "Assuming unrestricted shared filesystem",
    "Complete log(s):",
    "SLURM run ID: ",
)


def event(record: LogRecord) -> str:
    """The kind of a record, such as ``job_info``; empty of a plain message."""
    return str(getattr(record, "event", None) or "")


def is_usual(record: LogRecord) -> bool:
    """Whether a record says what is said of every run."""
    return record.levelno <= INFO and (bool(event(record)) or record.getMessage().strip().startswith(_USUAL))


def names_no_target(record: LogRecord) -> bool:
    """Whether a record says that no rule makes what was asked for."""
    return getattr(record, "exception", "") in ("MissingRuleException", "MissingInputException")
