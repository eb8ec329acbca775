"""The page of a gallery: one HTML file with all that it says, and a folder of previews beside it."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from reprise.datasets.folder import MADE
from reprise.reporting.gallery.content import Content, Pictures
from reprise.reporting.gallery.match_files import write_matches
from reprise.reporting.gallery.matches import Drawn
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
    drawn: Sequence[Drawn] = (),
    matches: int = 10,
    exif: str | None = None,
) -> None:
    """Write a gallery, which needs no network and may be moved, the page together with the folder.

    Args:
        page: the HTML file
        folder: the folder of previews and matches, beside the page; it is replaced
        content: what it shows, of :func:`reprise.reporting.gallery.gallery_content`
        pictures: the images of ``content``
        pixels: longer side of a preview
        threads: number of images that are read at the same time
        drawn: of each method, what is drawn on a query and a result
        matches: number of first results of each query on which it is drawn
        exif: "apply" shows images as EXIF says that they are to be rotated, as they were searched
    """
    previews = Path(folder)
    shutil.rmtree(previews, ignore_errors=True)
    previews.mkdir(parents=True)
    (previews / MADE).touch()
    sizes = {
        letter: write_previews(previews, images, letter, pixels, threads, exif=exif)
        for letter, images in (("q", pictures.queries), ("d", pictures.results))
    }
    write_matches(previews, content, pictures.of_dataset, [each.matcher for each in drawn], matches)
    shown = {
        "first": matches,
        "kinds": [each.matcher.kind if each.matcher else None for each in drawn],
        "notes": [each.note for each in drawn],
    }
    values = {**content, "folder": quote(previews.name), "sizes": sizes, "drawn": shown}
    write_text(page, render("gallery.html", title=content["title"], content=values))
