"""Rankings and scores after re-ranking, as files."""

import csv
import io
import os
from collections.abc import Sequence

import numpy as np

from reprise.formats.pair_scores import read_chunks
from reprise.formats.rankings import StoredRankings, write_rankings
from reprise.formats.tokens import TokenFile
from reprise.reporting.evaluations import summarise, write_evaluation
from reprise.reranking.candidates import Candidates
from reprise.reranking.fusion import evaluate, rerank, sweep
from reprise.reranking.shortlists import shortlists
from reprise.storage.atomic import write_text


def rerank_and_evaluate(
    candidates: Candidates,
    pairs: Sequence[str | os.PathLike],
    tokens: str | os.PathLike,
    rankings: str | os.PathLike,
    evaluation: str | os.PathLike,
    *,
    num_features: int,
    num_rerank: int,
    lam: float,
    gamma: float,
    kappas: Sequence[int],
    recipe: str,
) -> None:
    """Write the re-ranked rankings, and the scores of each protocol on its own ones.

    Each protocol of the revisited benchmarks re-ranks another shortlist; the file ``rankings`` holds those of medium.

    Args:
        pairs: chunks of pair scores, in order
        tokens: of the database; with ``num_features`` of each image they are what searching needs to keep
        num_rerank, lam, gamma: see :func:`reprise.reranking.fusion.fuse`
    """
    scores = read_chunks(pairs)
    rankings_of = shortlists(candidates.neighbors, candidates.ground_truth)
    ranked = rerank(rankings_of, scores, candidates.at_most(num_rerank), lam, gamma)
    found = evaluate(
        ranked,
        candidates.ground_truth,
        kappas,
        private_queries=candidates.private_queries,
        database_size=len(candidates.database_names),
    )
    size = token_bytes(tokens, num_features)
    kept = ranked["medium" if "medium" in ranked else "all"]
    stored = StoredRankings(kept.indices, kept.similarities, candidates.query_names, candidates.database_names)
    write_rankings(rankings, stored, {"recipe": recipe, "index_bytes": size})
    summaries = {protocol: summarise(result, candidates.query_names) for protocol, result in found.items()}
    write_evaluation(evaluation, summaries, size, recipe)


def token_bytes(tokens: str | os.PathLike, num_features: int) -> int:
    """What the tokens of a database take with ``num_features`` of each image."""
    file = TokenFile(tokens)
    per_token = 16 if file.dtype == np.uint8 else 128 * file.dtype.itemsize
    return int(np.minimum(file.counts, num_features).sum()) * per_token


def write_sweep(
    candidates: Candidates,
    pairs: Sequence[str | os.PathLike],
    output: str | os.PathLike,
    *,
    num_rerank: Sequence[int],
    lam: Sequence[float],
    gamma: Sequence[float],
) -> None:
    """Write a CSV with a line per combination: num_rerank, lambda, gamma, and the mAP in percent of each protocol."""
    rows = sweep(
        shortlists(candidates.neighbors, candidates.ground_truth),
        read_chunks(pairs),
        candidates.ground_truth,
        num_rerank=sorted({candidates.at_most(count) for count in num_rerank}),
        lam=lam,
        gamma=gamma,
        private_queries=candidates.private_queries,
    )
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    protocols = [key for key in rows[0] if key not in ("num_rerank", "lambda", "gamma")]
    writer.writerow(["num_rerank", "lambda", "gamma", *protocols])
    for row in rows:
        maps = [f"{100 * row[protocol]:.2f}" for protocol in protocols]
        writer.writerow([row["num_rerank"], row["lambda"], row["gamma"], *maps])
    write_text(output, text.getvalue())
