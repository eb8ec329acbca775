"""The page of a gallery: one HTML file with all that it says, and a folder of previews beside it."""

import os
import shutil
from pathlib import Path
from urllib.parse import quote

from reprise.reporting.gallery.content import Content, Pictures
from reprise.reporting.gallery.previews import write_previews
from reprise.reporting.templates import render
from reprise.storage.atomic import write_text


def write_gallery(
    page: str | os.PathLike,
    folder: str | os.PathLike,
    content: Content,
    pictures: Pictures,
    *,
    pixels: int = 384,
    threads: int | None = None,
    exif: str | None = None,
) -> None:
    """Write a gallery, which needs no network and may be moved, the page together with the folder.

    Args:
        page: the HTML file
        folder: the folder of previews, beside the page; it is replaced
        content: what it shows, of :func:`reprise.reporting.gallery.gallery_content`
        pictures: the images of ``content``
        pixels: longer side of a preview
        threads: number of images that are read at the same time
        exif: "apply" shows images as EXIF says that they are to be rotated, as they were searched
    """
    previews = Path(folder)
    shutil.rmtree(previews, ignore_errors=True)
    previews.mkdir(parents=True)
    sizes = {
        letter: write_previews(previews, images, letter, pixels, threads, exif=exif)
        for letter, images in (("q", pictures.queries), ("d", pictures.results))
    }
    values = {**content, "folder": quote(previews.name), "sizes": sizes}
    write_text(page, render("gallery.html", title=content["title"], content=values))
