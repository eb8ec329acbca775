"""Images of which a result says less than it seems: those that were skipped, that were truncated, or are empty."""

import os
from collections.abc import Iterable

from reprise.formats.features import open_features
from reprise.storage.errors import DataError

#: What is counted, in the words that stand under a table.
SKIPPED, TRUNCATED, EMPTY = "could not be decoded", "were truncated", "have no features"
TURNED = "were not rotated as EXIF says (exif)"


def damaged_images(files: Iterable[str | os.PathLike], *, undecodable: str, truncated: str) -> dict[str, int]:
    """Count the images that the features of a dataset leave out, in whole or in part.

    Args:
        files: the features, chunk by chunk, of all extractors that a ranking is made of
        undecodable: "skip" where images may be left out that cannot be decoded, else "error"
        truncated: "grey" where missing parts may be read as grey, else "error"

    Returns:
        what is the matter -> number of images; nothing where the number is 0

    Raises:
        DataError: features that leave out images though that is an error by now
    """
    found: dict[str, set[str]] = {SKIPPED: set(), TRUNCATED: set(), EMPTY: set(), TURNED: set()}
    for path in files:
        with open_features(path) as features:
            # Of dense files, counting would read every descriptor; whole images always have some there. Where there are
            # only global descriptors, no image lacks local ones.
            counted = features.layout == "ragged" and features.dim > 0
            names = features.names or [] if counted else []
            empty = [name for name, count in zip(names, features.counts(), strict=False) if not count]
            found[SKIPPED].update(features.skipped)
            found[TRUNCATED].update(features.truncated)
            found[TURNED].update(features.turned)
            found[EMPTY].update(set(empty) - set(features.skipped))
            _refuse(path, "undecodable", features.skipped if undecodable == "error" else [], SKIPPED)
            _refuse(path, "truncated", features.truncated if truncated == "error" else [], TRUNCATED)
    return {matter: len(images) for matter, images in found.items() if images}


def _refuse(path: str | os.PathLike, key: str, images: list[str], matter: str) -> None:
    if images:
        raise DataError(
            f"{path}: was extracted when images were allowed that {matter} ('{images[0]}' and {len(images) - 1} more), "
            f"and `{key}` of the dataset says error by now; repair the images and delete this file, or allow them"
        )
