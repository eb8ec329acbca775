"""The evaluation of located queries: shares within the bounds of the benchmark, and medians of the errors."""

from collections.abc import Mapping

import numpy as np

from reprise.datasets.posed import Scene
from reprise.evaluation.poses import THRESHOLDS, pose_errors, shares_within
from reprise.evaluation.scores import PERCENT, Evaluation, Score
from reprise.formats.located import Located
from reprise.storage.errors import DataError

FOUND = "pose found"
METRES, DEGREES = "m", "deg"


def within(distance: float, angle: float) -> str:
    """Return the name of the metric of a bound."""
    return f"localized within {distance:g} m, {angle:g} deg"


def evaluate_located(located: Mapping[str, Located], scene: Scene, where: str) -> Evaluation:
    """Compare located queries with their true poses, group by group.

    Queries without a pose count as wrong, and so do medians: they are not defined where most queries have none. Of a
    group without truth, whose poses only the server of its benchmark knows, the share with a pose is all that there is
    to measure; its other scores are nan.

    Args:
        located: of all queries, by name
        scene: the groups, and the true poses that are known
        where: what an error begins with

    Raises:
        DataError: located queries are not those of the scene
    """
    if list(located) != list(scene.queries):
        raise DataError(
            f"{where}: {len(located)} queries were located, which are not the {len(scene.queries)} of the dataset; "
            "delete it and run again"
        )
    errors = _errors(located, scene)
    names = np.array(list(located))
    scores, per_query = [], dict[str, dict[str, np.ndarray]]()
    for group, members in scene.groups.items():
        rows = np.isin(names, list(members))
        scores += _scores(group, errors[rows], [located[name] for name in names[rows]])
        for metric, column in zip(("position error", "rotation error"), errors.T, strict=True):
            per_query.setdefault(metric, {})[group] = np.where(rows & np.isfinite(column), column, np.nan)
    lost = sum(each.pose is None for each in located.values())
    unmatched = sum(not each.keypoints for each in located.values())
    damaged = {"have no pose": lost, "match no point of the model": unmatched}
    return Evaluation(scores, per_query, {}, {what: count for what, count in damaged.items() if count})


def _errors(located: Mapping[str, Located], scene: Scene) -> np.ndarray:
    """Return (Q, 2) metres and degrees: infinite without a pose, nan without truth."""
    unknown = np.full(7, np.nan)
    found = np.array([unknown if each.pose is None else each.pose for each in located.values()]).reshape(-1, 7)
    known = np.array([name in scene.truth for name in located], bool)
    true = np.array(
        [
            [*scene.truth[name].quaternion, *scene.truth[name].translation] if name in scene.truth else unknown
            for name in located
        ]
    ).reshape(-1, 7)
    errors = pose_errors(found[:, :4], found[:, 4:], true[:, :4], true[:, 4:])
    return np.where(known[:, None], errors, np.nan)


def _scores(group: str, errors: np.ndarray, located: list[Located]) -> list[Score]:
    count = len(located)
    known = count and not np.isnan(errors).any()
    shares = shares_within(errors) if known else np.full(len(THRESHOLDS), np.nan)
    scores = [
        Score(within(*bounds), group, 100 * float(share), PERCENT, True, count)
        for bounds, share in zip(THRESHOLDS, shares, strict=True)
    ]
    medians = np.median(errors, axis=0) if known else np.full(2, np.nan)
    for metric, unit, value in zip(
        ("median position error", "median rotation error"), (METRES, DEGREES), medians, strict=True
    ):
        scores.append(Score(metric, group, float(value) if np.isfinite(value) else np.nan, unit, False, count))
    found = np.mean([each.pose is not None for each in located]) if count else np.nan
    inliers = np.median([each.inliers for each in located]) if count else np.nan
    return [
        *scores,
        Score(FOUND, group, 100 * float(found), PERCENT, True, count),
        Score("median inliers", group, float(inliers), "", True, count),
    ]
