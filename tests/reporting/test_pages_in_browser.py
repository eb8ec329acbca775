"""The gallery in a browser: it shows what it has, does what is clicked and typed, and reports no error."""

import shutil
import time

import numpy as np
import pytest
from gallery_data import NAMES, QUERIES, gallery
from report_data import report

from reprise.reporting.gallery import Drawn

webdriver = pytest.importorskip("selenium.webdriver")
exceptions = pytest.importorskip("selenium.common.exceptions")
Select = pytest.importorskip("selenium.webdriver.support.select").Select
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="no chromium and chromedriver; install Debian's chromium-driver"
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    # In a container, the shared memory of the system may be a few megabytes.
    arguments = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1200,900")
    for argument in arguments:
        options.add_argument(argument)
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('profile')}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


class Page:
    """A page, and what is asked of it."""

    def __init__(self, browser, path):
        self.browser = browser
        browser.get(path.as_uri())

    def all(self, selector):
        return self.browser.find_elements("css selector", selector)

    def one(self, selector):
        return self.browser.find_element("css selector", selector)

    def until(self, wanted, seconds=180):
        """Wait until ``wanted()`` is true; it may ask for elements that are not there yet, or not any more."""
        end = time.monotonic() + seconds
        while not self.shows(wanted):
            assert time.monotonic() < end, "the page did not come to show it"
            time.sleep(0.05)

    def shows(self, wanted):
        try:
            return wanted()
        except (exceptions.NoSuchElementException, exceptions.StaleElementReferenceException):
            return False

    def choose(self, selector, value):
        Select(self.one(selector)).select_by_value(value)

    def point_at(self, selector):
        """Move the mouse to an element, from elsewhere."""
        place = self.one(selector)
        webdriver.ActionChains(self.browser).move_to_element(self.one("#detail-title")).move_to_element(place).perform()
        return True

    def press(self, keys):
        webdriver.ActionChains(self.browser).send_keys(keys).perform()

    def titles(self):
        return [title.text.partition("\n")[0] for title in self.all(".query h2")]

    def errors(self):
        return [entry for entry in self.browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]


@pytest.fixture(scope="module")
def compared(browser, tmp_path_factory):
    return gallery(tmp_path_factory.mktemp("compared"))


def test_every_query_is_shown_with_what_was_found(browser, compared):
    page = Page(browser, compared)
    page.until(lambda: len(page.all(".query h2")) == 2)
    assert [name in title for name, title in zip(reversed(QUERIES), page.titles(), strict=True)]
    assert len(page.all("#query-0 .result")) == 2 * len(NAMES)
    page.until(lambda: all(image.get_property("naturalWidth") > 0 for image in page.all("#query-0 img")))
    labels = [node.get_attribute("aria-label") for node in page.all("#query-0 .result .picture")]
    assert labels[1].startswith(f"2. {NAMES[1]}, hard, score")
    assert len(page.all("#query-0 .none")) == 2  # the image that is none, once of each method
    assert page.errors() == []


def test_filter_order_and_protocol(browser, compared):
    page = Page(browser, compared)
    page.one("#filter").send_keys("second")
    page.until(lambda: page.one("#count").text == "1 of 2 queries")
    page.until(lambda: len(page.titles()) == 1 and page.titles()[0].startswith("second"))
    page.one("#filter").clear()
    page.one("#filter").send_keys("nothing of the kind")
    page.until(lambda: page.one("#count").text == "0 of 2 queries")
    page.one("#filter").clear()
    page.one("#filter").send_keys(" ")
    page.choose("#order", "by name")
    page.until(lambda: len(page.titles()) == 2 and page.titles()[1].startswith("second"))
    page.one("#wrong").click()  # the second method puts a wrong image first for the first query only
    page.until(lambda: page.one("#count").text == "1 of 2 queries")
    page.one("#wrong").click()
    # The second query has no easy image, and so no average precision.
    page.choose("#group", "easy")
    page.until(lambda: "AP – and –" in page.one("#query-1 h2").text)
    assert len(page.all("#plots circle")) == 1
    assert "easy" in page.one("#plots .plot:last-child figcaption").text
    assert page.errors() == []


def test_images_are_looked_at_with_keys(browser, compared):
    page = Page(browser, compared)
    page.until(lambda: len(page.all("#query-0 .result")) == 2 * len(NAMES))
    page.one("#query-0 .result .picture").click()
    page.until(lambda: page.one("#detail").get_property("open"))
    assert page.one("#detail-text").text.startswith(f"1 of 6: {NAMES[0]}, easy")
    page.press(webdriver.Keys.ARROW_RIGHT)
    page.until(lambda: page.one("#detail-text").text.startswith(f"2 of 6: {NAMES[1]}, hard"))
    page.press(webdriver.Keys.ESCAPE)
    page.until(lambda: not page.one("#detail").get_property("open"))
    page.one("body").click()
    page.press("j")
    page.until(lambda: "query" in (page.browser.switch_to.active_element.get_attribute("class") or ""))
    page.press("/")
    page.until(lambda: page.browser.switch_to.active_element.get_attribute("id") == "filter")
    assert page.errors() == []


def test_matches_are_drawn_when_an_image_is_opened(browser, compared):
    page = Page(browser, compared)
    page.until(lambda: len(page.all("#query-0 .result")) == 2 * len(NAMES))
    page.one("#query-0 .results .picture").click()
    page.until(lambda: len(page.all("svg.matches .match")) == 3)
    assert "2 visual words of both images make the score of 0.7" in page.one("#matches-text").text
    assert [row.text for row in page.all(".words tbody tr")] == ["77 85.7 % 2 1", "5 14.3 % 1 1"]
    # A point of the image file is drawn where the preview shows it.
    x, y = page.browser.execute_script(
        "const [line] = document.querySelectorAll('.match[data-word=\"1\"] line');"
        "const picture = document.querySelectorAll('#detail-images img')[0].getBoundingClientRect();"
        "const origin = document.getElementById('detail-images').getBoundingClientRect();"
        "const {width, height} = picture;"
        "return [(line.x1.baseVal.value + origin.left - picture.left) / width,"
        " (line.y1.baseVal.value + origin.top - picture.top) / height];"
    )
    assert (x, y) == (pytest.approx(50 / 60, abs=0.01), pytest.approx(60 / 80, abs=0.01))
    # Lines that are drawn anew at another size are not strong, so that one may have to point again.
    page.until(lambda: page.point_at(".words tbody button") and len(page.all(".match.strong")) == 2)
    page.press("m")
    page.until(lambda: not page.all("svg.matches"))
    page.press("m")
    page.until(lambda: page.all("svg.matches"))
    for _ in range(5):  # matches are drawn on five of six
        page.press(webdriver.Keys.ARROW_RIGHT)
    page.until(lambda: page.one("#matches-text").text == "Matches are drawn on the first 5 images of a query.")
    assert not page.all("svg.matches") and page.errors() == []


def test_inliers_are_drawn_with_the_frame_of_the_query(browser, compared):
    page = Page(browser, compared)
    page.until(lambda: len(page.all("#query-0 .result")) == 2 * len(NAMES))
    page.all("#query-0 .results")[1].find_elements("css selector", ".picture")[2].click()
    page.until(lambda: len(page.all("svg.matches .match")) == 3 and page.all(".outline"))
    note, text = page.one("#matches-text").text.splitlines()
    assert note == "of the query & <itself>"
    assert text == "3 inliers of 9 matched features. The yellow frame is that of the query."
    page.press(webdriver.Keys.ARROW_LEFT)  # the image that is none has no preview, and nothing to draw on
    page.until(lambda: page.one("#detail-text").text.startswith("2 of 6") and not page.all("svg.matches"))
    assert page.errors() == []


@pytest.mark.parametrize("name", ["gallery", "report"])
def test_a_narrow_window_needs_no_scrolling_sideways(browser, compared, tmp_path, name):
    browser.set_window_size(500, 900)
    try:
        page = Page(browser, compared if name == "gallery" else report(tmp_path))
        page.until(lambda: page.all(".result" if name == "gallery" else "figure"))
        width = page.browser.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
        assert width[0] <= width[1]
    finally:
        browser.set_window_size(1200, 900)


def test_without_ground_truth_nothing_is_marked(browser, tmp_path):
    page = Page(browser, gallery(tmp_path, truth=None, methods=1))
    page.until(lambda: len(page.all(".result")) == 2 * len(NAMES))
    assert not page.one("#wrong-label").is_displayed() and not page.all("#plots figure")
    assert "There is no ground truth" in page.one("#summary").text
    assert page.one("#order").get_property("value") == "by name"
    assert page.errors() == []


def test_the_report_sorts_filters_and_plots(browser, tmp_path):
    page = Page(browser, report(tmp_path))

    def names():
        lines = [line for line in page.all("#accuracy tbody tr[data-method]") if line.is_displayed()]
        return [line.find_element("css selector", "th").text for line in lines]

    assert names() == ["<b>good", "bad"]
    page.all("#accuracy thead button")[2].click()
    page.until(lambda: page.all("#accuracy [aria-sort=descending]") and names() == ["<b>good", "bad"])
    page.all("#accuracy thead button")[2].click()
    page.until(lambda: page.all("#accuracy [aria-sort=ascending]") and names() == ["bad", "<b>good"])
    page.one("#filter").send_keys("GOOD")
    page.until(lambda: names() == ["<b>good"])
    titles = [title.text for title in page.all("figcaption")]
    assert titles == [
        "oxford: accuracy and memory", "oxford: accuracy and time", "net: loss", "net: validation",
        "hpatches: MMA, changed viewpoint",
    ]  # fmt: skip
    memory, _, loss, _, accuracy = page.all("figure")
    assert len(memory.find_elements("css selector", "circle[r='6']")) == 2
    assert [entry.text for entry in accuracy.find_elements("css selector", ".legend li")] == ["<b>good", "bad"]
    assert len(loss.find_elements("css selector", "path")) == 2
    # The graph is shown when asked for, and nothing of it is cut off.
    graph = page.one("#accuracy .graph")
    assert not graph.is_displayed()
    page.browser.execute_script("for (const each of document.querySelectorAll('details')) each.open = true")
    assert graph.is_displayed()
    assert [stage.text for stage in graph.find_elements("css selector", ".stage")] == ["search", "train", "table"]
    page.until(lambda: page.all(".precision figure"))
    (precision,) = page.all(".precision figure")
    assert precision.find_element("css selector", "figcaption").text == "oxford, all: precision over recall"
    assert len(precision.find_elements("css selector", ".curve")) == 2
    page.until(lambda: page.all(".precision details"))
    page.browser.execute_script("document.querySelector('.precision details').open = true")
    assert page.one(".precision caption").text == "oxford, all: precision over recall"
    good, bad = (row.text.split() for row in page.all(".precision tbody tr"))
    assert good[-12:] == ["1000", *["90.0"] * 10, "60.0"] and bad[-11:] == [*["20.0"] * 10, "20.0"]
    assert page.errors() == []


def test_what_draws_nothing_says_why(browser, tmp_path):
    """One sentence, and nothing to switch on and off; the last image could not be decoded for a global descriptor."""
    none = [Drawn(note="There are no matches of keypoints.")]
    page = Page(browser, gallery(tmp_path, methods=1, drawn=none, last=-np.inf))
    page.until(lambda: len(page.all("#query-0 .result")) == len(NAMES))
    page.one("#query-0 .results .picture").click()
    page.until(lambda: page.one("#matches-text").text == "There are no matches of keypoints.")
    assert not page.one("#matches").is_displayed() and not page.all("svg.matches")
    captions = [caption.get_attribute("textContent") for caption in page.all("#query-0 .caption")]
    assert ["not compared" in caption for caption in captions] == [False] * 5 + [True]
    assert page.errors() == []
