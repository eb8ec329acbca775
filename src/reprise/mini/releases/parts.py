"""Parts in which the mirror is drawn, and the part of each published file, so that a table draws only what it needs.

No module that draws is imported here, because every plan of the workflow needs this one.
"""

import fnmatch

# The files of each part, by their published names.
PARTS = {
    "oxford5k": ("oxbuild_images-v1.tgz", "gt_files_170407.tgz", "gnd_oxford5k.pkl", "gnd_roxford5k.pkl"),
    "paris6k": ("paris_[12]-v1.tgz", "paris_120310.tgz", "gnd_paris6k.pkl", "gnd_rparis6k.pkl"),
    "sfm120k": ("ims.tar.gz", "retrieval-SfM-*.pkl"),
    "revisitop1m": ("revisitop1m.*",),
    "gldv2": ("train/*", "gldv2/*"),
    "gldv2-test": ("index/*", "test/*", "gldv2-test/*"),
    "photo_tour": tuple(f"patchdata/{name}.zip" for name in ("liberty", "notredame", "yosemite")),
    "aachen": (
        "images/database_and_query_images.zip", "aachen_v1_1.zip", "queries/*_time_queries_with_intrinsics.txt",
        "aachen_v1.1/pairs-query-netvlad50.txt",
    ),
    "tokyo247": ("database_gsv_vga/*", "247query_subset_v2.zip", "netvlad_v100_datasets.tar.gz"),
    "megadepth": ("hndesc_training_data",),
    "hpatches_sequences": ("hpatches-sequences-release.zip",),
    "hpatches": ("hpatches-release.zip", "utils/splits.json", "retr_*_split-*.csv"),
}  # fmt: skip


def part_of(file: str) -> str | None:
    """Return the part of the mirror that has a published file.

    Args:
        file: its name in sources.yaml

    Returns:
        the name of the part; None for a file without a miniature
    """
    return next((part for part, names in PARTS.items() if any(fnmatch.fnmatchcase(file, n) for n in names)), None)


def manifest_name(part: str) -> str:
    """Return the name of the file of the mirror that marks a part as complete."""
    return f"{part}.json"


def cameras_name(part: str) -> str:
    """Return the name of the file of the mirror with the cameras of the images of a part."""
    return f"{part}.cameras.json"
