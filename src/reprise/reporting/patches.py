"""The evaluation of described patches: FPR95 of PhotoTour pairs, and all numbers of the tasks of HPatches."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from reprise.datasets.hpatches import Layout as HPatchesLayout
from reprise.datasets.phototour import IN_PAIRS, patches_in_pairs
from reprise.datasets.phototour import Layout as PhotoTourLayout
from reprise.datasets.reading import load_layout
from reprise.evaluation.hpatches_descriptors import REFERENCE, all_types
from reprise.evaluation.hpatches_matching import HPatchesMatching, hpatches_matching
from reprise.evaluation.hpatches_normalisation import Normalisation, matlab_normalisation, python_normalisation
from reprise.evaluation.hpatches_retrieval import HPatchesRetrieval, hpatches_retrieval
from reprise.evaluation.hpatches_tasks import NOISES
from reprise.evaluation.hpatches_verification import NEGATIVES, HPatchesVerification, hpatches_verification
from reprise.evaluation.patch_pairs import fpr95
from reprise.evaluation.scores import ALL, PERCENT, Evaluation, Score
from reprise.formats.described_patches import DescribedPatches
from reprise.storage.errors import DataError

_LEVELS = dict(zip(NOISES, ("easy", "hard", "tough"), strict=True))


def evaluate_patches(
    path: str | os.PathLike, description: Mapping[str, Any], normalisation: str = "none", clipped_energy: float = 0.0
) -> Evaluation:
    """Score the descriptors of a dataset of patches.

    Args:
        path: a file of :mod:`reprise.formats.described_patches`
        description: of the dataset, as for :func:`reprise.datasets.reading.read_dataset`
        normalisation: of HPatches descriptors: ``none``, ``python`` or ``matlab``
        clipped_energy: of ``matlab``

    Raises:
        DataError: descriptors of other patches, a normalisation that cannot be learned, or a file that is damaged
    """
    layout = load_layout(description["layout"])
    with DescribedPatches(path) as file:
        try:
            if issubclass(layout, PhotoTourLayout):
                return Evaluation([_pair_score(file, layout.load_pairs_of_patches(description))])
            assert issubclass(layout, HPatchesLayout)
            return Evaluation(list(_task_scores(file, layout, description, normalisation, clipped_energy)))
        except DataError:
            raise
        except ValueError as error:
            raise DataError(f"{path}: {error}") from error


def _pair_score(file: DescribedPatches, pairs: np.ndarray) -> Score:
    vectors, needed = file[IN_PAIRS], patches_in_pairs(pairs)
    if len(vectors) != len(needed):
        raise DataError(
            f"{file.path}: has descriptors of {len(vectors)} patches, and the pairs have {len(needed)}; delete it, "
            "and describe the patches again"
        )
    first, second = vectors[np.searchsorted(needed, pairs[:, :2].T)].astype(np.float64)
    distances = np.sqrt(np.square(first - second).sum(axis=1))
    return Score("FPR95", ALL, 100 * fpr95(pairs[:, 2], distances), PERCENT, False, len(pairs))


def _task_scores(
    file: DescribedPatches,
    layout: type[HPatchesLayout],
    description: Mapping[str, Any],
    normalisation: str,
    clipped_energy: float,
) -> Iterator[Score]:
    counts = {name.split("/")[0]: file.count(name) for name in file if name.endswith(f"/{REFERENCE}")}
    tasks = layout.load_tasks(description, counts)
    descriptors: Any = file
    if normalisation != "none":
        learned = _learned(file, layout.load_training_sequences(description), normalisation, clipped_energy)
        descriptors = _Normalised(file, learned)
    yield from _verification_scores(hpatches_verification(descriptors, tasks))
    yield from _matching_scores(hpatches_matching(descriptors, tasks))
    yield from _retrieval_scores(hpatches_retrieval(descriptors, tasks))


def _learned(file: DescribedPatches, sequences: tuple[str, ...], kind: str, clipped_energy: float) -> Normalisation:
    if kind == "python":
        return python_normalisation(file[f"{name}/{REFERENCE}"] for name in sequences)
    every = (file[f"{name}/{image}"] for name in sequences for image in all_types())
    return matlab_normalisation(every, clipped_energy)


class _Normalised(dict):
    """Descriptors by ``sequence/type``, normalised when they are read."""

    def __init__(self, file: DescribedPatches, normalisation: Normalisation) -> None:
        super().__init__()
        self._file, self._normalisation = file, normalisation

    def __missing__(self, name: str) -> np.ndarray:
        return self._normalisation.apply(self._file[name])


def _verification_scores(found: HPatchesVerification) -> Iterator[Score]:
    def score(metric: str, group: str, value: float) -> Score:
        return Score(metric, group, 100 * value, PERCENT, True, found.pairs)

    precisions = found.average_precision

    yield score("verification", ALL, found.mean)
    for noise, level in _LEVELS.items():
        yield score("verification", level, sum(precisions[noise, kind] for kind in NEGATIVES) / len(NEGATIVES))
    for (noise, negatives), value in found.auc.items():
        yield score(f"verification AUC, {negatives}", _LEVELS[noise], value)


def _matching_scores(found: HPatchesMatching) -> Iterator[Score]:
    values = found.average_precision

    def score(metric: str, group: str, value: float) -> Score:
        return Score(metric, group, 100 * float(value), PERCENT, True, values[0].size)

    yield score("matching", ALL, found.mean)
    yield score("matching, kinds weighted equally", ALL, found.mean_of_groups)
    for level, name in enumerate(_LEVELS.values()):
        yield score("matching", name, values[level].mean())
        yield score("matching success", name, found.success[level].mean())


def _retrieval_scores(found: HPatchesRetrieval) -> Iterator[Score]:
    columns = {f"retrieval@{pool}": found.pooled[:, :, place] for place, pool in enumerate(found.pools)}
    columns["retrieval, mean of pools"] = found.pooled.mean(axis=2)
    for number, values in found.area.items():
        named = "all distractors" if number is None else f"{number} distractors"
        columns[f"retrieval AUC, {named}"] = values
        columns[f"retrieval AP, {named}"] = found.precision[number]
    for metric, values in columns.items():
        count = values.shape[1]
        yield Score(metric, ALL, 100 * float(values.mean()), PERCENT, True, count)
        for level, name in enumerate(_LEVELS.values()):
            yield Score(metric, name, 100 * float(values[level].mean()), PERCENT, True, count)
