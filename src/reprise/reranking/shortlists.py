"""Which images are re-ranked: the first of a list out of which the images that a protocol ignores are taken."""

from collections.abc import Mapping, Sequence

import numpy as np

from reprise.formats.rankings import ALL, RankedList, Ranking
from reprise.storage.errors import DataError

#: The lists that each protocol of the revisited benchmarks pushes to the end before it re-ranks (Suma et al., ECCV
#: 2024, published code): its junk, so that no pair is spent on images that do not count. The published code does so for
#: medium and hard, which the paper reports; easy follows the same rule with its own junk.
PUSHED_BACK = {"easy": ("junk", "hard"), "medium": ("junk",), "hard": ("junk", "easy")}


def shortlists(
    ranking: Ranking | RankedList,
    ground_truth: Sequence[Mapping] | None,
    protocols: Sequence[str] = tuple(PUSHED_BACK),
) -> dict[str, RankedList]:
    """The list of every protocol, in which the ignored images stand at the end; all keep their order otherwise.

    Scores move with their images.

    Args:
        ranking: a list for all protocols, or a ranking, each of whose lists is the start of its own
        ground_truth: one mapping per query. Without it, or without the lists ``easy`` and ``hard``, there is one list,
            ``all``: the given one, with the images of a list ``junk`` at its end
        protocols: of the revisited benchmarks, those that are wanted

    Raises:
        DataError: an unknown protocol, or another number of queries in the ground truth
    """
    given = ranking.list_of if isinstance(ranking, Ranking) else lambda _: ranking
    if ground_truth is None:
        return {ALL: given(ALL)}
    wanted = {name: PUSHED_BACK.get(name) for name in protocols} if has_protocols(ground_truth) else {ALL: ("junk",)}
    result = {}
    for name, keys in wanted.items():
        if keys is None:
            raise DataError(f"protocols: {name!r} is unknown; known are {', '.join(PUSHED_BACK)}")
        result[name] = push_back(given(name), ground_truth, keys)
    return result


def has_protocols(ground_truth: Sequence[Mapping]) -> bool:
    """Whether ground truth is of the revisited benchmarks, whose protocols ignore different images."""
    return bool(ground_truth) and {"easy", "hard"} <= ground_truth[0].keys()


def push_back(ranked: RankedList, ground_truth: Sequence[Mapping], keys: Sequence[str]) -> RankedList:
    """Move the images of the lists ``keys`` of the ground truth to the end of each row; a stable partition."""
    if len(ground_truth) != len(ranked.ranks):
        raise DataError(
            f"rankings: of {len(ranked.ranks)} queries, the ground truth has {len(ground_truth)}; both have to come "
            "from the same dataset"
        )
    ranks, scores = ranked.ranks.copy(), ranked.scores.copy()
    for row, truth in enumerate(ground_truth):
        ignored = np.concatenate([np.asarray(truth.get(key, ()), np.int64).ravel() for key in keys])
        order = np.argsort(np.isin(ranks[row], ignored), kind="stable")
        ranks[row], scores[row] = ranks[row, order], scores[row, order]
    return RankedList(ranks, scores)


def union(lists: Mapping[str, RankedList], shortlist: int) -> tuple[np.ndarray, np.ndarray]:
    """The pairs that some short list of ``shortlist`` images needs, each once; -1, which pads lists, is no image.

    Returns:
        offsets (Q + 1,) int64 and the images (P,), ascending for each query

    Raises:
        DataError: a short list that is longer than the lists
    """
    heads = [ranked.first(shortlist).ranks for ranked in lists.values()]
    images = [np.unique(row[row >= 0]) for row in np.concatenate(heads, axis=1)]
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in images])]).astype(np.int64)
    return offsets, np.concatenate([np.empty(0, np.int64), *images])
