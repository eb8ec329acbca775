"""The gallery: what one or two methods found for every query, as a page to look at."""

from reprise.reporting.gallery.content import Method, gallery_content
from reprise.reporting.gallery.matches import Drawn, open_drawn
from reprise.reporting.gallery.page import write_gallery

__all__ = ["Drawn", "Method", "gallery_content", "open_drawn", "write_gallery"]
