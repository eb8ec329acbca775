"""Counts, durations and sizes in words."""

from collections import Counter
from collections.abc import Iterable, Sequence

# Nouns for the output of a job of a rule; other rules are called by their names.
_NOUNS = {
    "draw_miniature": ("miniature part", "miniature parts"),
    "download": ("download", "downloads"),
    "check_list": ("checked list", "checked lists"),
    "unpack": ("unpacked set", "unpacked sets"),
    "unpack_archive": ("unpacked archive", "unpacked archives"),
    "list_unpacked": ("unpacked set", "unpacked sets"),
    "extract_chunk": ("extraction", "extractions"),
    "extract_passing_chunk": ("extraction not kept", "extractions not kept"),
    "adopt_codebook": ("codebook made before", "codebooks made before"),
    "import_chunk": ("import of features", "imports of features"),
    "import_passing_chunk": ("import not kept", "imports not kept"),
    "detect_chunk": ("detection", "detections"),
    "detect_passing_chunk": ("detection not kept", "detections not kept"),
    "describe_chunk": ("description", "descriptions"),
    "describe_passing_chunk": ("description not kept", "descriptions not kept"),
    "merge_features": ("merge", "merges"),
    "adopt_features": ("adopted file of features", "adopted files of features"),
    "join_features": ("joined file of features", "joined files of features"),
    "train": ("training", "trainings"),
    "train_how": ("training", "trainings"),
    "train_ames": ("AMES training", "AMES trainings"),
    "train_itq": ("ITQ training", "ITQ trainings"),
    "initialise_dinov2": ("DINOv2 without training", "DINOv2s without training"),
    "calibrate": ("calibration", "calibrations"),
    "train_codebook": ("codebook", "codebooks"),
    "aggregate_chunk": ("aggregation", "aggregations"),
    "build_index": ("index", "indexes"),
    "search": ("search", "searches"),
    "build_bow": ("index of bags of words", "indexes of bags of words"),
    "search_bow": ("search of bags of words", "searches of bags of words"),
    "train_embedding": ("Hamming embedding", "Hamming embeddings"),
    "build_hamming": ("index of signatures", "indexes of signatures"),
    "search_hamming": ("search of signatures", "searches of signatures"),
    "find_neighbors": ("neighbour search", "neighbour searches"),
    "rank_neighbors": ("ranking of neighbours", "rankings of neighbours"),
    "project_tokens": ("projection", "projections"),
    "score_pairs": ("comparison of pairs", "comparisons of pairs"),
    "rerank": ("re-ranking", "re-rankings"),
    **{f"expand_{search}": ("query expansion", "query expansions") for search in ("asmk", "bow", "global", "hamming")},
    "sweep": ("sweep", "sweeps"),
    "match_sequences": ("matching of sequences", "matchings of sequences"),
    "evaluate_matching": ("evaluation of matches", "evaluations of matches"),
    "draw_accuracies": ("figure", "figures"),
    "list_pairs": ("list of pairs", "lists of pairs"),
    "match_chunk": ("matching", "matchings"),
    "build_database": ("COLMAP database", "COLMAP databases"),
    "triangulate": ("triangulated model", "triangulated models"),
    "localize": ("localization", "localizations"),
    "evaluate_localization": ("evaluation of poses", "evaluations of poses"),
    "submission": ("submission", "submissions"),
    "describe_patches": ("set of described patches", "sets of described patches"),
    "evaluate_patches": ("evaluation of patches", "evaluations of patches"),
    "evaluate": ("evaluation", "evaluations"),
    "table": ("table", "tables"),
    "seeds": ("seed study", "seed studies"),
    "gallery": ("gallery", "galleries"),
    "report_page": ("report", "reports"),
    "seeds_page": ("page of a study of seeds", "pages of studies of seeds"),
    "table_page": ("page of a table", "pages of tables"),
}


def counted(number: int, singular: str, plural: str | None = None) -> str:
    """Format a count with its noun: '1 search', '6 searches', '12,000 searches'."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def jobs_in_words(rules: Iterable[str]) -> str:
    """Count the jobs of each rule, in the order in which the rules first appear."""
    counts = Counter(rules)
    return ", ".join(counted(number, *noun(rule)) for rule, number in counts.items())


def noun(rule: str) -> tuple[str, str]:
    """Return the noun, singular and plural, for the output of a job of ``rule``."""
    name = rule.replace("_", " ")
    return _NOUNS.get(rule, (f"{name} job", f"{name} jobs"))


def duration(seconds: float) -> str:
    """Format a duration, rounded as in speech: '4 minutes', '2.5 hours'."""
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= 1.5 * size:
            value = seconds / size
            text = f"{value:.0f}" if value >= 10 or round(value, 1) == round(value) else f"{value:.1f}"
            return f"{text} {unit}s"
    rounded = max(1, round(seconds))
    return counted(rounded, "second")


def size(count: int) -> str:
    """Format a number of bytes with its decimal unit."""
    value, units = float(count), ["kB", "MB", "GB", "TB", "PB"]
    if value < 1000:
        return f"{count} B"
    while value >= 1000 and units:
        value /= 1000
        unit = units.pop(0)
    return f"{value:.0f} {unit}" if value >= 100 else f"{value:.1f} {unit}"


def listed(names: Sequence[str], most: int = 3) -> str:
    """List the first few names, and the number of the others."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"
