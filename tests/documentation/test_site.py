"""The documentation site is built without a warning, holds every page, and needs no network."""

import importlib
import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from paths import ROOT

pytest.importorskip("mkdocs", reason="the site needs the extra docs")

PACKAGES = (
    "asmk", "bow", "codebooks", "datasets", "descriptors", "detectors", "evaluation", "extractors", "geometry",
    "hamming", "matching", "networks", "storage", "training",
)  # fmt: skip
# What a browser fetches when it shows a page, from another machine.
FETCHED = re.compile(r'<(?:script|img|iframe|source)[^>]* src="?(?:https?:)?//|<link[^>]* href="?(?:https?:)?//(?!127)')


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the site, built without any network."""
    folder = tmp_path_factory.mktemp("site")
    closed = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9", "NO_MKDOCS_2_WARNING": "1"}
    command = [sys.executable, "-m", "mkdocs", "build", "--site-dir", str(folder)]
    result = subprocess.run(command, cwd=ROOT, env={**os.environ, **closed}, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-3000:]
    return folder


def test_every_page_is_in_the_navigation():
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    listed = set(re.findall(r"^ +- (?:.*: )?([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE))
    assert pages <= listed


def test_no_page_fetches_anything_from_another_machine(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > 30
    for page in pages:
        assert not FETCHED.search(page.read_text()), page


def test_every_page_is_in_the_index_of_the_search(site):
    index = json.loads((site / "search" / "search_index.json").read_text())
    found = {entry["location"].partition("#")[0] for entry in index["docs"]}
    assert {page.relative_to(site).as_posix() for page in site.rglob("*.html")} - {"404.html"} <= found


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_in_the_pages_of_the_library(site, package):
    documented = set(re.findall(r'id="(reprise\.[\w.]+)"', "".join(p.read_text() for p in site.glob("api/*.html"))))
    public = importlib.import_module(f"reprise.{package}").__all__
    # A function that is named like its module is documented as a name of the module.
    missing = {name for name in public if not {f"reprise.{package}.{n}" for n in (name, f"{name}.{name}")} & documented}
    assert public and not missing


def test_docstrings_are_rendered_without_what_markdown_does_not_know(site):
    for page in site.glob("api/*.html"):
        assert not re.search(r":(?:class|func|meth|attr|mod):", page.read_text()), page


def test_lists_tables_and_blocks_are_not_taken_for_text(site):
    """Markdown differs: on other sites, a list may follow a paragraph without an empty line, and be indented by two."""
    for page in site.rglob("*.html"):
        text = re.sub(r"<pre.*?</pre>", "", page.read_text(), flags=re.DOTALL)
        for paragraph in re.findall(r"<p>(.*?)</p>", text, re.DOTALL):
            assert not re.search(r"^ *(?:[-*|] |```|#)", paragraph, re.MULTILINE), page


def test_pages_that_are_opened_as_files_can_be_searched(site, tmp_path):
    webdriver = pytest.importorskip("selenium.webdriver")
    wait = pytest.importorskip("selenium.webdriver.support.wait").WebDriverWait
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        pytest.skip("no chromium and chromedriver; install Debian's chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", f"user-data-dir={tmp_path}"):
        options.add_argument(f"--{argument}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with webdriver.Chrome(options=options, service=webdriver.ChromeService(driver)) as browser:
        browser.set_window_size(1300, 900)
        browser.get((site / "api" / "search.html").as_uri())
        browser.find_element("css selector", "input.md-search__input").send_keys("asymmetric")
        wait(browser, 180).until(
            lambda page: "AMES" in page.find_element("css selector", ".md-search-result__list").text
        )
        assert not browser.get_log("browser")
