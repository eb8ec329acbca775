"""Google Drive's page that asks whether a large file, which is not scanned for viruses, is to be downloaded."""

from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin, urlsplit

_FORM = "download-form"
_HOST = "drive.usercontent.google.com"


def confirmed_address(page: str, url: str) -> str | None:
    """Find the address that the page leads to when its button is pressed.

    Args:
        page: the page
        url: its address

    Returns:
        the address; None where the page has no such form, or one that leads to another server
    """
    form = _Form()
    form.feed(page)
    if form.action is None:
        return None
    address = urljoin(url, form.action)
    if urlsplit(address).netloc not in (_HOST, urlsplit(url).netloc):
        return None
    return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(form.fields)}"


def title(page: str) -> str:
    """Return the title of a page, which often says what is the matter; empty where it has none."""
    form = _Form()
    form.feed(page)
    return " ".join(form.title.split())


class _Form(HTMLParser):
    """What is needed of a page: its title, and the hidden fields of the form."""

    def __init__(self) -> None:
        super().__init__()
        self.action: str | None = None
        self.fields: dict[str, str] = {}
        self.title = ""
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form" and values.get("id") == _FORM:
            self.action = values.get("action", "")
        if tag == "input" and self._inside == "form" and values.get("type") == "hidden" and "name" in values:
            self.fields[values["name"]] = values.get("value", "")
        if tag == "title" or (tag == "form" and values.get("id") == _FORM):
            self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside:
            self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "title":
            self.title += data
