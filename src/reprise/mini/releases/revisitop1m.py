"""revisitop1m: numbered archives and the list of all images."""

from pathlib import Path

from reprise.mini.releases.drawn import DrawnImage, Scenes
from reprise.mini.releases.writing import Release, cameras_of, digest, write_files
from reprise.mini.world.keys import generator
from reprise.mini.world.sizes import MiniParameters
from reprise.storage.atomic import write_text


def write_revisitop1m(folder: Path, scenes: Scenes, seed: int, parameters: MiniParameters) -> Release:
    """Write the images to the archives, in random order, and the list of all."""
    images = [image for scene in scenes["revisitop1m"] for image in scene.images]
    members = [(distractor_path(image), image.content) for image in images]
    order = generator(seed, "order", "revisitop1m").permutation(len(images))
    archives = {
        f"revisitop1m.{number + 1}.tar.gz": [members[i] for i in order[number :: parameters.archives]]
        for number in range(parameters.archives)
    }
    write_text(folder / "revisitop1m.txt", "".join(f"{path}\n" for path in sorted(path for path, _ in members)))
    files = [*write_files(folder, archives, {}), "revisitop1m.txt"]
    return Release(files, {"revisitop1m": cameras_of(images, distractor_path)})


def distractor_path(image: DrawnImage) -> str:
    """Return the path of a distractor image, extension included: in a folder named by the start of its hash."""
    name = digest(image, 24)
    return f"{name[:2]}/{name}.jpg"
