"""Re-ranking as a step: it takes a ranking and gives a ranking, and evaluates nothing.

The step comes in two stages. The first scores the pairs of all short lists, in chunks of queries, into files; it is
what costs. The second puts the short lists into a new order. Every later step works on the ranking that this one gives,
each protocol's list by itself.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from reprise.formats.pair_scores import PairScores, read_chunks, write_pair_scores
from reprise.formats.rankings import RankedList, Ranking, write_ranking
from reprise.reranking.candidates import Candidates
from reprise.reranking.fusion import reorder
from reprise.reranking.scorers import Files, Scorer, fusion_settings, kept_sizes, load_scorer
from reprise.reranking.shortlists import union
from reprise.storage.errors import DataError
from reprise.storage.timing import measured


def score_pairs(
    scorer: Scorer,
    files: Files,
    lists: Mapping[str, RankedList],
    output: str | os.PathLike,
    *,
    shortlist: int,
    num_images: int,
    settings: Mapping[str, Any] | None = None,
    chunk: int = 0,
    num_chunks: int = 1,
    engine: Any = None,
    attributes: Mapping[str, object] | None = None,
) -> None:
    """Score the pairs that the short lists of all protocols need, each once, and store the scores.

    Args:
        scorer: see :mod:`reprise.reranking.scorers`
        files: what it reads
        lists: of every protocol, of all queries (:func:`reprise.reranking.shortlists.shortlists`)
        output: a file of pair scores
        shortlist: length of the short lists; the largest that will be asked for
        num_images: of the database
        settings: those of a step that change the scores of pairs
        chunk: score one chunk of the queries, 0 to ``num_chunks`` - 1; ``read_chunks`` reads them together
        num_chunks: how many chunks there are
        engine: where and how the scores are computed
        attributes: of the file, such as the recipe

    Raises:
        DataError: what the scorer refuses, a short list longer than the lists, or no such chunk
    """
    offsets, images = union(lists, shortlist)
    num_queries = len(offsets) - 1
    first, last = chunk_bounds(num_queries, chunk, num_chunks)
    images = images[offsets[first] : offsets[last]]
    query_ids = np.repeat(np.arange(first, last), np.diff(offsets[first : last + 1]))
    own = settings or {}
    with measured("search"):
        scores = scorer.score_chunk(files, query_ids, images, num_queries=num_queries, engine=engine, **own)
    pairs = PairScores(offsets[first : last + 1] - offsets[first], images, scores, num_images)
    write_pair_scores(output, pairs, {"first_query": first, **(attributes or {})})


def chunk_bounds(num_queries: int, chunk: int, num_chunks: int) -> tuple[int, int]:
    """The first query of a chunk and the one after its last; sizes differ by one at most.

    Raises:
        DataError: no such chunk
    """
    if not 0 <= chunk < num_chunks:
        raise DataError(f"chunk: is {chunk}, expected 0 to {num_chunks - 1}")
    return num_queries * chunk // num_chunks, num_queries * (chunk + 1) // num_chunks


def rerank(
    candidates: Candidates,
    scores: PairScores,
    scorer: Scorer,
    *,
    shortlist: int,
    settings: Mapping[str, Any],
    junk: str = "last",
    sizes: Mapping[str, Mapping[str, int]] | None = None,
) -> Ranking:
    """The ranking after the step, with a list per protocol where the ground truth has protocols and junk is moved.

    Args:
        candidates: the ranking before it
        scores: of the pairs of all short lists
        scorer: says what a short list is sorted by
        shortlist: so many images of each list are re-ranked, or all of a smaller database
        settings: those of a step that say what is made of the scores
        junk: where images are that a protocol ignores, see :meth:`Candidates.lists`
        sizes: what the step keeps of the database (``sizes`` of the scorer), beside what the steps before it keep

    Raises:
        DataError: pairs that were not scored, settings outside of their ranges, or a short list with images that the
            step before did not compare, whose scores are others than those of the images that it did
    """
    before, count = candidates.ranking, candidates.at_most(shortlist)
    if before.reranked is not None and count > before.reranked:
        raise DataError(
            f"shortlist: is {count}, and the step before re-ranked {before.reranked} images, whose scores do not "
            f"compare with those behind them; lower it to {before.reranked} or less"
        )
    lists = {}
    for name, ranked in candidates.lists(junk).items():
        head = ranked.first(count)
        _check_compared(head.ranks, before, name)
        lists[name] = reorder(ranked, scorer.fuse(head.scores, scores.of(head.ranks), **settings))
    return replace(before, lists=lists, reranked=count, sizes=merged_sizes(before.sizes, sizes or {}))


def _check_compared(heads: np.ndarray, before: Ranking, protocol: str) -> None:
    """Find images that moved into a short list from behind that of the step before, in the places of its junk."""
    if before.reranked is None:
        return
    compared = before.list_of(protocol).ranks[:, : before.reranked]
    for query, (head, known) in enumerate(zip(heads, compared, strict=True)):
        missing = np.setdiff1d(head, known)
        if len(missing):
            raise DataError(
                f"junk: is 'last', and the step before left images that {protocol} ignores in their places; without "
                f"them, the short list of query {query} holds {len(missing)} images that it did not compare. Give "
                "both steps the same junk, or this one a shorter list"
            )


def merged_sizes(
    before: Mapping[str, Mapping[str, int]], added: Mapping[str, Mapping[str, int]]
) -> dict[str, dict[str, int]]:
    """What two steps keep together; what both use is kept once, in the larger of its sizes."""
    result = {kind: dict(parts) for kind, parts in before.items()}
    for kind, parts in added.items():
        known = result.setdefault(kind, {})
        for which, size in parts.items():
            known[which] = max(size, known.get(which, 0))
    return result


def rerank_files(
    candidates: Candidates,
    pairs: Sequence[str | os.PathLike],
    output: str | os.PathLike,
    *,
    scorer: str,
    files: Files,
    shortlist: int,
    settings: Mapping[str, Any],
    junk: str = "last",
    attributes: Mapping[str, object],
) -> None:
    """Write the ranking after the step.

    Args:
        candidates: the ranking before it
        pairs: chunks of pair scores, in the order of their queries
        output: a file of rankings
        scorer: its name
        files: what the scorer reads of the database
        shortlist: so many images of each list are re-ranked
        settings: all keys of the step that are the scorer's own
        junk: as of :func:`rerank`
        attributes: of the file, such as the recipe

    Raises:
        DataError: as :func:`rerank` and :func:`reprise.formats.pair_scores.read_chunks`
    """
    module = load_scorer(scorer)
    ranking = rerank(
        candidates,
        read_chunks(pairs),
        module,
        shortlist=shortlist,
        settings=fusion_settings(module, settings),
        junk=junk,
        sizes=kept_sizes(module, files, settings),
    )
    write_ranking(output, ranking, attributes)
