"""The parts in which the mirror is drawn, and which part has a published file: so that a table draws what it needs.

Nothing is imported here that draws, because every plan of the workflow asks.
"""

import fnmatch

# The files of each part, by their published names.
PARTS = {
    "oxford5k": ("oxbuild_images-v1.tgz", "gnd_oxford5k.pkl", "gnd_roxford5k.pkl"),
    "paris6k": ("paris_[12]-v1.tgz", "gnd_paris6k.pkl", "gnd_rparis6k.pkl"),
    "sfm120k": ("ims.tar.gz", "retrieval-SfM-*.pkl"),
    "revisitop1m": ("revisitop1m.*",),
    "gldv2": ("train/*", "gldv2/*"),
    "gldv2-test": ("index/*", "test/*", "gldv2-test/*"),
}


def part_of(file: str) -> str | None:
    """The part of the mirror that has a published file.

    Args:
        file: its name, as sources.yaml has it

    Returns:
        The name of the part; None for a file of which there is no miniature.
    """
    return next((part for part, names in PARTS.items() if any(fnmatch.fnmatchcase(file, n) for n in names)), None)


def manifest_name(part: str) -> str:
    """The file of the mirror that says that a part is whole."""
    return f"{part}.json"


def cameras_name(part: str) -> str:
    """The file of the mirror with the cameras of the images of a part."""
    return f"{part}.cameras.json"
