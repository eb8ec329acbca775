"""Take the picture of a gallery anew: ``python docs/images/retake.py``, in the folder of the project; two minutes.

Photographs are drawn, searched by the workflow, and the page is photographed in Chromium. Needs the extra ``dev``, and
chromium and chromedriver.
"""

import pickle
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml
from PIL import Image
from selenium import webdriver

from reprise.mini.world.drawing import jpeg
from reprise.mini.world.overlap import query_box
from reprise.mini.world.scenes import draw_scene
from reprise.mini.world.views import MANNERS, draw_view, take

BUILDINGS = ("abbey", "hall", "tower", "library", "chapel", "museum")
WIDTH, HEIGHT, SCALE = 1240, 1120, 1.25
# What each list of the ground truth has of a building: the manner of taking photographs, and how many.
TRUTH = {"easy": ("fair", 6), "hard": ("mixed", 3)}
NAME = "buildings"


def draw(folder: Path) -> None:
    """Draw a query of each building and the database, in the layout of the revisited benchmarks."""
    (folder / "jpg").mkdir(parents=True)
    names: list[str] = []
    queries, truth = [], []
    for building in BUILDINGS:
        scene = draw_scene(4, "college", building, density=26.0)

        def photograph(name: str, manner: str, scene=scene):
            picture = take(scene, draw_view(scene, name, MANNERS[manner], 512))
            (folder / "jpg" / f"{name}.jpg").write_bytes(jpeg(picture))
            return query_box(scene, picture)

        queries.append(f"{building}_query")
        lists: dict = {"bbx": photograph(queries[-1], "query"), "junk": []}
        for kind, (manner, count) in TRUTH.items():
            new = [f"{building}_{manner}_{index}" for index in range(count)]
            lists[kind] = list(range(len(names), len(names) + count))
            names += new
            for name in new:
                photograph(name, manner)
        truth.append(lists)
    content = {"imlist": names, "qimlist": queries, "gnd": truth}
    (folder / f"gnd_{NAME}.pkl").write_bytes(pickle.dumps(content))


def search(folder: Path) -> Path:
    """Run the workflow on the photographs; returns the page of the gallery."""
    overlay = {
        "output": str(folder / "results"),
        "gallery": {"topk": 12},
        "datasets": {NAME: {"layout": "revisited", "folder": str(folder), "chunks": 2}},
        "codebooks": {NAME: {"extractor": "rootsift", "dataset": NAME, "size": 512}},
        "experiments": {
            NAME: {"method": "RootSIFT + ASMK*", "search": "asmk", "extractor": "rootsift", "codebook": NAME}
        },
    }
    (folder / "overlay.yaml").write_text(yaml.safe_dump(overlay))
    page = folder / "results" / "galleries" / NAME / f"{NAME}.html"
    command = ["-m", "snakemake", "--configfile", folder / "overlay.yaml", "--cores", "2", "--", page]
    subprocess.run([sys.executable, *map(str, command)], check=True)
    return page


def photograph(page: Path, picture: Path) -> None:
    """Write what a browser shows of a page, as WebP."""
    options = webdriver.ChromeOptions()
    for argument in ("headless=new", "no-sandbox", "hide-scrollbars", "allow-file-access-from-files"):
        options.add_argument(f"--{argument}")
    options.add_argument(f"--force-device-scale-factor={SCALE}")
    options.binary_location = shutil.which("chromium") or ""
    with webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver"))) as browser:
        browser.set_window_size(WIDTH, HEIGHT)
        browser.get(page.as_uri())
        browser.implicitly_wait(5)
        browser.execute_async_script("setTimeout(arguments[0], 1500)")  # previews are loaded when they are seen
        shot = picture.with_suffix(".png")
        browser.save_screenshot(str(shot))
    Image.open(shot).convert("RGB").save(picture, quality=80, method=6)
    shot.unlink()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        draw(Path(name))
        photograph(search(Path(name)), Path(__file__).with_name("gallery.webp"))
