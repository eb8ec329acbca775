"""The gallery: what one or two methods found for every query, as a page to look at."""

from reprise.reporting.gallery.content import Method, gallery_content
from reprise.reporting.gallery.matches import open_matcher
from reprise.reporting.gallery.page import write_gallery

__all__ = ["Method", "gallery_content", "open_matcher", "write_gallery"]
