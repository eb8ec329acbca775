"""Sizes of the miniature."""

from dataclasses import dataclass

from reprise.storage.errors import DataError

_LEAST = {"image_size": 96, "cluster_views": 2, "gldv2_image_size": 96, "gldv2_views": 2, "gldv2_test_queries": 2}


@dataclass(frozen=True)
class MiniParameters:
    """Sizes of the miniature.

    Attributes:
        image_size: longer side of every image in pixels
        landmarks: landmarks of each revisited dataset
        queries: queries per landmark of a revisited dataset
        views: database images per landmark of a revisited dataset
        distractors: scenes without queries of each revisited dataset
        distractor_views: photographs of each of those
        train_clusters: 3-D models of the training set
        validation_clusters: 3-D models of its validation part
        cluster_views: photographs of each 3-D model
        validation_queries: queries of the validation protocol of 2020
        archives: archives of the distractor set
        archive_images: images in each of those
        gldv2_image_size: longer side of the images of Google Landmarks v2, in pixels
        gldv2_landmarks: landmarks of its training set
        gldv2_views: photographs of each of those
        gldv2_test_landmarks: landmarks of its test
        gldv2_test_views: index images per landmark of the test
        gldv2_test_queries: queries per landmark of the test; the first half of all queries are the public ones
        gldv2_distractors: scenes of the index without queries, of two photographs each
    """

    image_size: int = 416
    landmarks: int = 8
    queries: int = 2
    views: int = 12
    distractors: int = 10
    distractor_views: int = 4
    train_clusters: int = 20
    validation_clusters: int = 5
    cluster_views: int = 8
    validation_queries: int = 12
    archives: int = 2
    archive_images: int = 30
    gldv2_image_size: int = 336
    gldv2_landmarks: int = 32
    gldv2_views: int = 10
    gldv2_test_landmarks: int = 8
    gldv2_test_views: int = 7
    gldv2_test_queries: int = 2
    gldv2_distractors: int = 12

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            least = _LEAST.get(name, 1)
            if value < least:
                raise DataError(f"MiniParameters: {name} is {value}, but must be at least {least}")


def tiny() -> MiniParameters:
    """Return the smallest miniature in which no file is empty; drawn in seconds, useless as a benchmark."""
    return MiniParameters(
        image_size=160,
        landmarks=2,
        queries=1,
        views=4,
        distractors=1,
        distractor_views=2,
        train_clusters=2,
        validation_clusters=1,
        cluster_views=4,
        validation_queries=2,
        archives=2,
        archive_images=2,
        gldv2_image_size=128,
        gldv2_landmarks=2,
        gldv2_views=3,
        gldv2_test_landmarks=2,
        gldv2_test_views=3,
        gldv2_test_queries=2,
        gldv2_distractors=1,
    )
