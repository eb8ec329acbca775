"""The validation of a training: search with ASMK among images that it does not train on."""

from pathlib import Path

import numpy as np

from reprise.asmk.asmk import ASMK
from reprise.codebooks.codebook import Codebook
from reprise.codebooks.sizes import words
from reprise.codebooks.stages import train_codebook
from reprise.datasets.images import Dataset, ImageList
from reprise.evaluation.retrieval import evaluate_classic, evaluate_revisited
from reprise.extractors.chunks import extract_images
from reprise.extractors.how import Extractor, Settings
from reprise.formats.features import open_features
from reprise.networks.how import HOW
from reprise.storage.errors import DataError
from reprise.training.how.settings import ValidationSettings

_IMAGES_PER_BLOCK = 64


def validate(
    network: HOW,
    settings: ValidationSettings,
    training_images: ImageList,
    dataset: Dataset,
    *,
    image_size: int,
    folder: Path,
    workers: int = 2,
    device: str = "cpu",
) -> float:
    """The mAP of a network in training, with a codebook trained anew.

    The steps, the functions and the files between them are those of an evaluation.

    Args:
        network: as it is
        settings: of the search
        training_images: of the first of which the codebook is made
        dataset: what is searched
        image_size: pixels of the longer side, to which larger images are shrunk
        folder: takes the files
        workers: threads that decode images
        device: where the network runs

    Returns:
        in [0, 1]; that of the medium protocol for a revisited dataset

    Raises:
        DataError: a dataset without queries, or of whose queries none has a positive image
    """
    if dataset.queries is None or not dataset.ground_truth:
        raise DataError("validation: the dataset has no queries; choose one with ground truth, such as val_eccv20")
    network.save_checkpoint(folder / "network.pth")

    def extract(name: str, images: ImageList, num_features: int, scales: list[float]) -> Path:
        limits = {"image_size": image_size, "scales": scales, "num_features": num_features}
        settings = Settings.read({"type": "how", "checkpoint": folder / "network.pth", **limits}, "validation")
        extractor = Extractor(settings, device)
        extract_images(images, extractor, folder / name, attributes={"recipe": ""}, workers=workers)
        return folder / name

    codebook = settings.codebook
    training = extract("training.h5", training_images.first(codebook.images), codebook.num_features, codebook.scales)
    train_codebook(
        training,
        folder / "codebook.h5",
        size=words(codebook.size),
        num_features=codebook.num_features,
        iterations=codebook.iterations,
        seed=codebook.seed,
        attributes={"recipe": ""},
    )
    training.unlink()
    database = extract("database.h5", dataset.database, settings.num_features, settings.scales)
    queries = extract("queries.h5", dataset.queries, settings.num_features, settings.scales)
    return _mean_average_precision(_search(settings, folder / "codebook.h5", database, queries), dataset)


def _search(settings: ValidationSettings, codebook: Path, database: Path, queries: Path) -> np.ndarray:
    """The ranking of all database images for each query: (Q, N)."""
    engine = ASMK(Codebook.load(codebook), device="auto", **settings.asmk.model_dump())
    with open_features(database) as file:
        for start in range(0, len(file), _IMAGES_PER_BLOCK):
            stop = min(start + _IMAGES_PER_BLOCK, len(file))
            engine.index(*file.read_rows(start, stop), n_images=stop)
    with open_features(queries) as file:
        rows = [
            engine.search(*file.read_rows(query, query + 1), query_ids=np.array([query])).ranks
            for query in range(len(file))
        ]
    return np.concatenate(rows)


def _mean_average_precision(rankings: np.ndarray, dataset: Dataset) -> float:
    truth, size = dataset.ground_truth or [], len(dataset.database)
    if "easy" in truth[0]:
        value = evaluate_revisited(rankings, truth, database_size=size)["medium"].map
    else:
        value = evaluate_classic(rankings, truth, database_size=size).map
    if np.isnan(value):
        raise DataError("validation: none of the queries has a positive image; correct the ground truth")
    return value
