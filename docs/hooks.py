"""Pages of the site that are files elsewhere in the project: they are written once, and read here as well."""

import json
import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

# Page of the site -> file of the project
PAGES = {
    "index.md": "README.md",
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
    "benchmarks.md": "benchmarks/README.md",
    "notebooks/own_photographs.md": "notebooks/own_photographs.ipynb",
    "notebooks/own_descriptors.md": "notebooks/own_descriptors.ipynb",
}
_LINK = re.compile(r"(\]\()([^)#\s:]+)(#[^)\s]*)?(?=\))")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of PAGES."""
    for page, name in PAGES.items():
        path = Path(config.config_file_path).parent / name
        content = notebook_text(path) if path.suffix == ".ipynb" else path.read_text()
        files.append(File.generated(config, page, content=content))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let links, which lead from file to file of the project, lead from page to page of the site."""
    if page.is_homepage:
        page.meta["hide"] = ["navigation"]
    place = PAGES.get(page.file.src_uri, f"docs/{page.file.src_uri}")
    return _LINK.sub(
        lambda link: f"{link[1]}{site_path(link[2], place, page.file.src_uri, files)}{link[3] or ''}", markdown
    )


def site_path(link: str, place: str, page: str, files: Files) -> str:
    """Turn a link from the file at ``place`` into one from ``page``; one to what is no page of the site stays."""
    target = posixpath.normpath(posixpath.join(posixpath.dirname(place), link))
    pages = {name: uri for uri, name in PAGES.items()}
    uri = pages.get(target, target.removeprefix("docs/"))
    if files.get_file_from_path(uri) is None:
        return link
    return posixpath.relpath(uri, posixpath.dirname(page) or ".")


def notebook_text(path: Path) -> str:
    """Write the cells of a notebook as Markdown."""
    cells = json.loads(path.read_text())["cells"]
    texts = [("".join(cell["source"]), cell["cell_type"]) for cell in cells]
    return "\n\n".join(text if kind == "markdown" else f"```python\n{text}\n```" for text, kind in texts) + "\n"
