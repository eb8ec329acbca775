"""Stage: the matches of a chunk of the pairs."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from reprise.formats.matches import collect_matches, write_matches
from reprise.formats.named_features import open_named
from reprise.localization.pairs import read_pairs
from reprise.matching.pair_lists import match_pairs


def match_chunk(
    pairs: str,
    features: Sequence[str],
    output: str,
    *,
    chunk: int,
    num_chunks: int,
    max_distance: float | None,
    memory_mib: int,
    threads: int,
    attributes: Mapping[str, object],
) -> None:
    """Match the ``chunk``-th (from 1) of ``num_chunks`` parts of a list of pairs.

    Raises:
        DataError: a damaged list, or images without features in the files
    """
    every = read_pairs(Path(pairs))
    start, stop = len(every) * (chunk - 1) // num_chunks, len(every) * chunk // num_chunks
    with open_named(features) as named:
        found = match_pairs(named, every[start:stop], max_distance=max_distance, memory_mib=memory_mib, threads=threads)
    matches = collect_matches(every[start:stop], found)
    write_matches(output, matches, attributes, first_pair=start, num_pairs=len(every))
