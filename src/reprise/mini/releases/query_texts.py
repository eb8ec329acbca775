"""Ground truth of Oxford and Paris as four text files per query: query, good, ok and junk."""

from collections.abc import Iterator

from reprise.mini.releases.drawn import DrawnScene
from reprise.mini.world.overlap import judge

# The grade of the revisited protocol that is nearest to each list. Good images show the landmark clearly, images ok at
# least a quarter of it, and junk less (Philbin et al., CVPR 2007).
_LISTS = {"good": "easy", "ok": "hard", "junk": "junk"}


def query_texts(scenes: list[DrawnScene], prefix: str) -> Iterator[tuple[str, bytes]]:
    """Iterate over the files <landmark>_<k>_<kind>.txt: name and content.

    Queries are images of the database, and good for themselves.

    Args:
        scenes: the scenes; those without queries have no files
        prefix: of the name of the image in the file of a query, and nowhere else
    """
    for scene in scenes:
        queries = (image for image in scene.images if image.manner == "query")
        for number, query in enumerate(queries, start=1):
            labels = {b.name: judge(overlap) for a, b, overlap in scene.pairs() if a is query}
            box = " ".join(f"{corner:.1f}" for corner in query.box)
            yield f"{scene.name}_{number}_query.txt", f"{prefix}{query.name} {box}\n".encode()
            for kind, label in _LISTS.items():
                names = [name for name, found in labels.items() if found == label]
                own = [query.name] if kind == "good" else []
                lines = "".join(f"{name}\n" for name in sorted(own + names))
                yield f"{scene.name}_{number}_{kind}.txt", lines.encode()
