"""Archives, images, lists and settings."""

import gzip
import io
import random
import shutil
import tarfile
import zipfile
from pathlib import Path

import numpy as np
from hostile import mutations
from hostile.kinds.base import Kind, Sample, by_bytes, each
from PIL import Image

from reprise.datasets.image_lists import read_image_list
from reprise.datasets.list import read_list
from reprise.downloads.archives import unpack
from reprise.downloads.sources import read_sources
from reprise.images.decoding import decode, decode_bgr
from reprise.images.sources import ForgivingPath
from reprise.storage.yaml_files import load_yaml


def _archives() -> list[Sample]:
    files = {"jpg/a.jpg": b"first" * 200, "jpg/deep/ä.jpg": b"second", "list.txt": b""}
    plain, bundle = io.BytesIO(), io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar, zipfile.ZipFile(bundle, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**files, "x" * 150: b"long"}.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
            archive.writestr(name, content)
        for kind, target in ((tarfile.SYMTYPE, "jpg/a.jpg"), (tarfile.LNKTYPE, "list.txt")):
            info = tarfile.TarInfo(f"link{target[0]}")
            info.type, info.linkname = kind, target
            tar.addfile(info)
    packed = gzip.compress(plain.getvalue(), mtime=0)
    return [{"x.tar": plain.getvalue()}, {"x.tgz": packed}, {"x.zip": bundle.getvalue()}]


def _read_archive(folder: Path) -> None:
    for path in each(folder):
        for flatten in (False, True):
            try:
                unpack(path, folder / "out", flatten=flatten)
            finally:
                shutil.rmtree(folder / "out", ignore_errors=True)


def _damage_archive(path: Path, rng: random.Random) -> None:
    own = mutations.zipped if path.suffix == ".zip" else mutations.tarred
    path.write_bytes(mutations.mutate(path.read_bytes(), rng, own))


def _images() -> list[Sample]:
    pixels = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)
    samples = []
    for suffix, options in (
        ("jpg", {}), ("jpg", {"progressive": True}), ("png", {}), ("gif", {}), ("webp", {}), ("tif", {}), ("bmp", {}),
        ("tif", {"compression": "tiff_lzw"}), ("ppm", {}), ("jp2", {}),
    ):  # fmt: skip
        buffer = io.BytesIO()
        form = {"jpg": "JPEG", "tif": "TIFF", "jp2": "JPEG2000"}.get(suffix, suffix.upper())
        Image.fromarray(pixels).save(buffer, form, **options)
        samples.append({f"x.{suffix}": buffer.getvalue()})
    deep = io.BytesIO()
    Image.fromarray(pixels[..., 0].astype(np.uint16) * 257).save(deep, "PNG")
    return [*samples, {"x.png": deep.getvalue()}]


def _read_image(folder: Path) -> None:
    from reprise.storage.errors import DataError

    errors = []
    for path in each(folder):
        for image in (path, ForgivingPath(path)):
            for call in (lambda image: decode(image, "RGB"), lambda image: decode(image, "L"), decode_bgr):
                try:
                    call(image)
                except DataError as error:
                    errors.append(error)
    if errors:
        raise errors[0]


def _lists() -> list[Sample]:
    plain = "jpg/a.jpg\njpg/ä b.jpg\n\njpg/c.jpg\n".encode()
    return [
        {"plain.txt": plain},
        {"labelled.txt": b"train/a.jpg,5,640,480\ntrain/b.jpg,6,640,480\n"},
        {"sizes.txt": b"train/a.jpg,640,480\ntrain/b.jpg,640,480\n"},
    ]


def _read_list(folder: Path) -> None:
    for path in each(folder):
        if path.name == "plain.txt":
            read_list(folder / "jpg", path)
        else:
            read_image_list(path, folder)
            read_image_list(path, {"train": folder})


def _yaml() -> list[Sample]:
    settings = (
        b"base: &base\n  a: [1, 2, 3]\n  b: {c: 1.5, d: 'x'}\nother:\n  <<: *base\n  e: |\n    text\n  f: 2024-01-01\n"
    )
    entry = "key:\n  file: a.tgz\n  urls: [https://a.org/a.tgz]\n  licence: free\n  citation: nobody\n"
    return [{"x.yaml": settings}, {"sources.yaml": (entry + "  bytes: 5\n  sha256: null\n").encode()}]


def _read_yaml(folder: Path) -> None:
    for path in each(folder):
        repr(load_yaml(path))
        if path.name == "sources.yaml":
            read_sources(path)


KINDS = {
    "archive": Kind(_archives, _read_archive, _damage_archive),
    "image": Kind(_images, _read_image, by_bytes()),
    "list": Kind(_lists, _read_list, by_bytes(mutations.written)),
    "YAML": Kind(_yaml, _read_yaml, by_bytes(mutations.written)),
}
