"""The steps of experiments: read by the scorer of each, and laid out as one ranking per step."""

from collections.abc import Mapping
from typing import Any

from reprise.pipeline.spec.experiments import AnyExperiment
from reprise.reranking.expansions import expansion_settings
from reprise.reranking.scorers import load_scorer, step_settings
from reprise.reranking.settings import AnyStep, RerankerSettings
from reprise.storage.errors import DataError, unknown_name

_SEARCH = "search"


def search_of(experiments: Mapping[Any, Any], experiment: str) -> Any:
    """Return the experiment that an experiment starts from, which has a search; None where there is none."""
    settings, seen = experiments.get(experiment), {experiment}
    while (before := getattr(settings, "ranking", None)) is not None and before not in seen:
        settings = experiments.get(before)
        seen.add(before)
    return settings


def read_steps(
    experiment: AnyExperiment, search: str | None, rerankers: Mapping[str, RerankerSettings], where: str
) -> AnyExperiment:
    """An experiment whose steps are settings of the scorers and the expansions that they use.

    Args:
        experiment: as it was read, with plain values as steps
        search: what made the ranking that it starts from; None where that is not known
        rerankers: the entries of that section
        where: what an error begins with

    Raises:
        DataError: listing all that is wrong
    """
    problems: list[str] = []
    steps = {}
    for name, content in experiment.steps.items():
        try:
            steps[name] = _step(name, content, search, rerankers, f"{where}.steps.{name}")
        except DataError as error:
            problems.append(str(error))
    if problems:
        raise DataError("\n".join(problems))
    return experiment.model_copy(update={"steps": steps})


def _step(
    name: str, content: Any, search: str | None, rerankers: Mapping[str, RerankerSettings], where: str
) -> AnyStep:
    if name == _SEARCH:
        raise DataError(f"{where}: the ranking before the first step is called so; choose another name")
    if not isinstance(content, Mapping):
        raise DataError(f"{where}: expected a mapping of keys to values")
    if "expand" in content:
        # Without a search, the name of the ranking is what is wrong, which is found later.
        return expansion_settings(search or "bow", f"{where}.expand").read(content, where)
    if "rerank" not in content:
        raise DataError(f"{where}: key 'rerank' is missing; name an entry of rerankers, or give 'expand' in its place")
    reranker = content["rerank"]
    if not isinstance(reranker, str) or reranker not in rerankers:
        raise unknown_name(f"{where}.rerank", str(reranker), rerankers)
    scorer = load_scorer(rerankers[reranker].scorer, f"config.rerankers.{reranker}.scorer")
    return step_settings(scorer).read(content, where)


def rankings_of(name: str, experiment: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """An experiment as rankings: the one of its search, and one for each step, each with the name of the one before.

    The last has the name of the experiment. Those before it have names of their own, which no entry can have:
    ``<name>.search`` and ``<name>.<step>``.

    Args:
        name: of the experiment
        experiment: its values

    Returns:
        name of a ranking -> what makes it: a ``search``, or a step with the ``ranking`` that it takes
    """
    shared = {key: value for key, value in experiment.items() if key not in ("steps", "ranking")}
    steps = list(experiment["steps"].items())
    names = [*(f"{name}.{step}" for step, _ in steps[:-1]), name]
    before = experiment.get("ranking")
    found = {}
    if before is None:
        before = f"{name}.{_SEARCH}" if steps else name
        found[before] = shared
    for ranking, (_, step) in zip(names, steps, strict=False):
        labels = {key: experiment[key] for key in ("method", "column")}
        found[ranking] = {**labels, "ranking": before, **step}
        before = ranking
    return found
