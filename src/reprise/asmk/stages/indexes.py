"""From aggregated descriptors to an inverted file."""

import os
from collections.abc import Sequence

from reprise.asmk.aggregation import Aggregated
from reprise.asmk.inverted_file import InvertedFile
from reprise.storage.aggregated import read_aggregated
from reprise.storage.errors import DataError


def build_index(chunks: Sequence[str | os.PathLike], output: str | os.PathLike, *, idf: bool) -> None:
    """Build an inverted file from files of aggregated descriptors, which must follow each other without a gap."""
    parts, images, sizes = [], 0, set()
    for path in chunks:
        part = read_aggregated(path)
        if part.images[0] != images:
            raise DataError(
                f"{path}: starts at image {part.images[0]}, expected {images}; the chunks were made for different "
                "numbers of images, delete their folder and run again"
            )
        images = part.images[1]
        sizes.add(part.n_words)
        parts.append(Aggregated(part.vectors, part.words, part.image_ids))
    if len(sizes) != 1:
        raise DataError(f"{chunks[0]}: its neighbours were made with codebooks of {sorted(sizes)} words; delete them")
    InvertedFile.build(parts, sizes.pop(), idf=idf, n_images=images).save(output)
