"""Files of what is drawn on queries and results, one for each query, which a gallery loads when an image is opened."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from reprise.reporting.gallery.match_lines import Content
from reprise.reporting.gallery.matches import Matcher


def write_matches(
    folder: str | os.PathLike,
    content: Mapping[str, Any],
    of_dataset: Mapping[int, int],
    matchers: Sequence[Matcher | None],
    first: int,
) -> None:
    """Write ``m0.js``, ``m1.js`` ... as scripts, because a page that is opened as a file may load no other data.

    Args:
        folder: an existing folder
        content: what the gallery shows
        of_dataset: number of a result -> its place in the dataset; distractors have none, and nothing is drawn on them
        matchers: of each method; without any, nothing is written
        first: number of first results of each list on which matches are drawn
    """
    if not any(matchers) or not first:
        return
    for row, query in enumerate(tqdm(content["queries"], desc="matches", unit="query", mininterval=1.0)):
        drawn = [
            _matches(matcher, row, found["lists"], of_dataset, first) if matcher else {}
            for matcher, found in zip(matchers, query["found"], strict=True)
        ]
        text = json.dumps(drawn, separators=(",", ":"), allow_nan=False)
        (Path(folder) / f"m{row}.js").write_text(f"addMatches({row},{text});\n", encoding="utf-8")


def _matches(
    matcher: Matcher, row: int, lists: Mapping[str, Sequence], of_dataset: Mapping[int, int], first: int
) -> dict[int, Content]:
    """Number of a result -> what is drawn on it and the query."""
    numbers = dict.fromkeys(number for found in lists.values() for number, _, _ in found[:first])
    kept = [number for number in numbers if number in of_dataset]
    return dict(zip(kept, matcher.match(row, [of_dataset[number] for number in kept]), strict=True))
