"""All combinations of the parameters of AMES, as a table."""

import csv
import io
import os
from collections.abc import Sequence

from reprise.formats.pair_scores import read_chunks
from reprise.reranking.candidates import Candidates
from reprise.reranking.fusion import sweep
from reprise.storage.atomic import write_text

_PARAMETERS = ("shortlist", "lambda", "gamma")


def write_sweep(
    candidates: Candidates,
    pairs: Sequence[str | os.PathLike],
    output: str | os.PathLike,
    *,
    shortlist: Sequence[int],
    similarity_weights: Sequence[float],
    temperatures: Sequence[float],
    junk: str = "last",
) -> None:
    """Write a CSV with a line per combination: num_rerank, lambda, gamma, and the mAP in percent of each protocol.

    Args:
        candidates: the ranking that is re-ranked
        pairs: chunks of pair scores, in the order of their queries
        output: the CSV
        shortlist: numbers of re-ranked images, at most the number that was scored
        similarity_weights: values of lambda
        temperatures: values of gamma
        junk: as of the step that compared the pairs
    """
    rows = sweep(
        candidates.lists(junk),
        read_chunks(pairs),
        candidates.ground_truth,
        shortlist=sorted({candidates.at_most(count) for count in shortlist}),
        lam=similarity_weights,
        gamma=temperatures,
        groups=candidates.dataset.groups,
    )
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    protocols = [key for key in rows[0] if key not in _PARAMETERS]
    writer.writerow(["num_rerank", "lambda", "gamma", *protocols])
    for row in rows:
        maps = [f"{100 * row[protocol]:.2f}" for protocol in protocols]
        writer.writerow([*(row[key] for key in _PARAMETERS), *maps])
    write_text(output, text.getvalue())
