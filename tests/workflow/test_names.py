"""Names load modules: what is added makes nothing stale, and a plug-in stands outside of the tree."""

import ast
import re
import sys

import pytest
from paths import ROOT

pytestmark = pytest.mark.workflow

# The example of docs/adding.md, in a package of another name.
BLOCKS = dict(re.findall(r'^```python title="(.+?)"\n(.*?)^```', (ROOT / "docs/adding.md").read_text(), re.M | re.S))
ORB, BITS = (BLOCKS[f"my_package/{name}.py"].replace("my_package", "my_features") for name in ("orb", "bits"))


@pytest.fixture
def plugin(copied, monkeypatch):
    """A workspace with an experiment whose extractor stands in a package beside the project."""
    package = copied.folder.parent / "elsewhere" / "my_features"
    package.mkdir(parents=True)
    (package / "orb.py").write_text(ORB)
    (package / "bits.py").write_text(BITS)
    monkeypatch.setenv("PYTHONPATH", str(package.parent))
    environment = copied.environment

    def with_plugin():
        variables = environment()
        return {**variables, "PYTHONPATH": f"{variables['PYTHONPATH']}:{package.parent}"}

    copied.environment = with_plugin
    copied.package = package
    copied.config["extractors"]["orb"] = {"type": "my_features.orb:Orb"}
    copied.config["codebooks"]["orb"] = {"like": "sift_tiny", "extractor": "orb"}
    copied.config["experiments"]["orb"] = {"like": "sift_tiny", "method": "ORB", "extractor": "orb", "codebook": "orb"}
    copied.config["tables"]["orb"] = {"like": "tiny", "experiments": ["orb"]}
    copied.write_config()
    return copied


def test_a_plugin_gets_through_asmk_with_a_configuration_entry_only(plugin):
    table = ["results/orb.csv"]
    assert plugin.planned() == {}
    plugin.run(targets=table)
    cells = (plugin.folder / "results/orb.csv").read_text().splitlines()
    assert len(cells) == 4 and all("ORB" in line for line in cells[1:])
    assert plugin.planned(targets=table) == {}
    for file in ("bits.py", "orb.py"):
        path = plugin.package / file
        path.write_text(path.read_text() + "\n_ADDED = 1\n")
        assert plugin.planned(targets=table)["extract_chunk"] == 5
        path.write_text(path.read_text().replace("\n_ADDED = 1\n", "\n# a comment\n"))
        assert plugin.planned(targets=table) == {}


def test_settings_of_a_plugin_are_checked(plugin):
    plugin.config["extractors"]["orb"]["num_feature"] = 3
    plugin.write_config()
    output = plugin.snakemake("-n", check=False)
    assert "extractors.orb: unknown key 'num_feature'; did you mean 'num_features'?" in output


@pytest.mark.parametrize(
    "file, text",
    [
        ("src/reprise/extractors/another.py", ORB.replace("class Orb", "class Extractor")),
        (
            "src/reprise/datasets/another.py",
            "from reprise.datasets.list import Layout as List\nclass Layout(List):\n    x = 1\n",
        ),
    ],
    ids=["extractor", "layout"],
)
def test_a_module_that_nothing_uses_makes_nothing_stale(space, file, text):
    (space.folder / file).write_text(text.replace("from my_features.bits import signs\n", ""))
    assert space.planned() == {}


@pytest.mark.parametrize(
    "file, before, after",
    [
        ("src/reprise/storage/errors.py", "did you mean", "do you mean"),
        ("src/reprise/images/decoding.py", "cannot be read as an image", "can not be read as an image"),
        ("src/reprise/codebooks/codebook.py", "descriptors", "descriptor"),
    ],
)
def test_a_letter_in_an_error_makes_nothing_stale(space, file, before, after):
    path = space.folder / file
    tree = ast.parse(path.read_text())
    texts = [
        node
        for raised in ast.walk(tree) if isinstance(raised, ast.Call) and getattr(raised.func, "id", "") == "DataError"
        for node in ast.walk(raised) if isinstance(node, ast.Constant) and before in str(node.value)
    ]  # fmt: skip
    assert texts or file.endswith("errors.py")
    lines = path.read_text().splitlines(keepends=True)
    for node in texts:
        lines[node.lineno - 1] = lines[node.lineno - 1].replace(before, after)
    if not texts:
        lines = [line.replace(before, after) for line in lines]
    path.write_text("".join(lines))
    assert space.planned() == {}


def test_python_finds_modules_beside_the_project(plugin):
    """A package in the working directory needs no PYTHONPATH."""
    (plugin.folder / "my_features").symlink_to(plugin.package)
    plugin.environment = lambda: type(plugin).environment(plugin)
    assert str(plugin.package.parent) not in sys.path
    assert plugin.planned(targets=["results/orb.csv"])["extract_chunk"] == 5
