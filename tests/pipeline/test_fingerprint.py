"""The fingerprint of code: what changes it and what does not."""

import itertools
import os

import pytest
from paths import ROOT

from reprise.pipeline import fingerprint as module
from reprise.pipeline.recipes import loaded_modules

_SECONDS = itertools.count(1_600_000_000)


def put(path, text):
    """Write a file as people do, seconds after it was written before: some disks tell times in hundredths of them."""
    path.write_text(text)
    os.utime(path, (0, next(_SECONDS)))


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A little package in place of reprise, and a function that gives the fingerprint of a script with a given text."""
    root = tmp_path / "reprise"
    monkeypatch.setattr(module, "PACKAGE", root)

    def write(files):
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            put(root / name, text)

    write(
        {
            "__init__.py": "",
            "a/__init__.py": "from reprise.a.one import f\nfrom reprise.a.two import g\n",
            "a/one.py": '"""Doc."""\nfrom reprise.b.base import h\n\ndef f():\n    """Doc."""\n    return h()\n',
            "a/two.py": "def g():\n    return 2\n",
            "a/_fast.pyx": "def k():\n    return 1\n",
            "b/__init__.py": "",
            "b/base.py": "def h():\n    return 1\n",
            "pipeline/__init__.py": "",
            "pipeline/job.py": "x = 1\n",
        }
    )
    script = tmp_path / "script.py"

    def of(text="from reprise.a import f\nfrom reprise.pipeline.job import x\nprint(f())\n", modules=()):
        put(script, text)
        return module.fingerprint(script, modules)

    return write, of


def test_comments_docstrings_and_layout_change_nothing(package):
    write, of = package
    before = of()
    write({"a/one.py": 'from reprise.b.base import h\n\n\n# why\ndef f():\n    """Other."""\n    return h()  # x\n'})
    assert of() == before
    assert of("# comment\nfrom reprise.a import f\nfrom reprise.pipeline.job import x\nprint( f() )\n") == before


@pytest.mark.parametrize(
    "name, text",
    [
        ("a/one.py", "from reprise.b.base import h\n\ndef f():\n    return h() + 1\n"),
        ("b/base.py", "def h():\n    return 3\n"),
    ],
)
def test_logic_of_an_imported_module_counts_also_transitively(package, name, text):
    write, of = package
    before = of()
    write({name: text})
    assert of() != before


@pytest.mark.parametrize("name", ["a/two.py", "a/_fast.pyx", "pipeline/job.py"])
def test_neighbours_in_a_package_and_the_plumbing_do_not_count(package, name):
    write, of = package
    before = of()
    write({name: "changed = True\n"})
    assert of() == before


def test_the_script_itself_counts(package):
    _, of = package
    assert of() != of("from reprise.a import f\nprint(f() + 1)\n")


def test_imports_inside_functions_and_of_cython_modules_count(package):
    write, of = package
    text = "def main():\n    from reprise.a._fast import k\n    return k()\n"
    before = of(text)
    write({"a/_fast.pyx": "def k():\n    return 2\n"})
    assert of(text) != before


def test_headers_beside_a_cython_module_count(package):
    write, of = package
    text = "import reprise.a._fast\n"
    before = of(text)
    write({"a/fast.h": "int x;\n"})
    assert of(text) != before


def test_modules_that_are_loaded_by_name_count(package):
    write, of = package
    before = of("print(1)\n", ["reprise.a.two"])
    write({"a/two.py": "def g():\n    return 3\n"})
    assert of("print(1)\n", ["reprise.a.two"]) != before


def test_a_module_that_does_not_exist_is_an_error(package):
    _, of = package
    with pytest.raises(ModuleNotFoundError, match=r"reprise\.c"):
        of("import reprise.c\n")


def test_the_file_that_changed_can_be_named(package, tmp_path):
    write, of = package
    of()
    before = module.fingerprints(tmp_path / "script.py")
    assert {"script.py", "a/one.py", "b/base.py"} <= set(before)
    write(
        {"b/base.py": "def h():\n    return 3\n", "a/one.py": (tmp_path / "reprise/a/one.py").read_text() + "# why\n"}
    )
    after = module.fingerprints(tmp_path / "script.py")
    assert [name for name in before if before[name] != after[name]] == ["b/base.py"]


ERRORS = """
def check(value, known):
    hint = f"did you mean '{known[0]}'?" if known else "none is known"
    if value not in known:
        raise DataError(f"{value}: unknown; {hint}")
    return label("a", hint="b")
"""


@pytest.mark.parametrize(
    "before, after",
    [
        ("unknown;", "not known;"),
        ("did you mean", "perhaps"),
        ("none is known", "nothing is known"),
        ("{value}: unknown", "{value!r}: unknown"),
    ],
)
def test_texts_of_errors_leave_no_trace(package, before, after):
    write, of = package
    write({"a/one.py": "def f():\n    return 1\n" + ERRORS})
    first = of()
    assert before in ERRORS
    write({"a/one.py": "def f():\n    return 1\n" + ERRORS.replace(before, after)})
    assert of() == first


@pytest.mark.parametrize(
    "before, after",
    [
        ("not in", "in"),
        ('label("a"', 'label("c"'),
        ('hint="b"', 'hint="c"'),
        ("known[0]", "known[1]; x"),
        ("return label", "x = label"),
    ],
)
def test_logic_beside_the_texts_of_errors_counts(package, before, after):
    write, of = package
    logic = ERRORS.replace("did you mean '{known[0]}'?", "x") + "\nkept = known[0]\n"
    write({"a/one.py": logic})
    first = of()
    assert before in logic
    write({"a/one.py": logic.replace(before, after)})
    assert of() != first


def test_a_text_that_is_also_used_otherwise_counts(package):
    write, of = package
    text = "def f(x):\n    mode = 'a'\n    if x:\n        raise ValueError(mode)\n    return mode\n"
    write({"a/one.py": text})
    before = of()
    write({"a/one.py": text.replace("'a'", "'b'")})
    assert of() != before


def test_a_call_that_only_an_error_speaks_of_counts(package):
    write, of = package
    text = "def f(x):\n    made = make('a')\n    if x:\n        raise ValueError(made)\n"
    write({"a/one.py": text})
    before = of()
    write({"a/one.py": text.replace("'a'", "'b'")})
    assert of() != before


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """A package outside of reprise, with a module that imports another of it and one of reprise."""
    folder = tmp_path / "elsewhere" / "plugged_in"
    folder.mkdir(parents=True)
    (folder / "orb.py").write_text("from plugged_in.helper import k\nfrom reprise.b.base import h\nimport numpy\n")
    (folder / "helper.py").write_text("def k():\n    return 1\n")
    (folder / "other.py").write_text("x = 1\n")
    monkeypatch.syspath_prepend(str(folder.parent))
    return folder


def test_what_an_object_says_of_itself_does_not_count_but_its_other_methods_do(package):
    write, of = package
    text = "def f():\n    return 1\n\nclass C:\n    pass\n"
    write({"a/one.py": text})
    before = of()
    text += "    def {}(self):\n        import reprise.a.two\n        return 'C'\n"
    write({"a/one.py": text.format("__repr__")})
    assert of() == before
    write({"a/one.py": text.format("__str__")})
    assert of() != before


def test_what_an_object_of_a_plugin_says_of_itself_counts(package, plugin):
    _, of = package
    before = of(modules=["plugged_in.orb"])
    put(plugin / "helper.py", "def k():\n    return 1\nclass C:\n    def __repr__(self):\n        return 'C'\n")
    with_text = of(modules=["plugged_in.orb"])
    put(plugin / "helper.py", "def k():\n    return 1\nclass C:\n    def __repr__(self):\n        return 'D'\n")
    assert len({before, with_text, of(modules=["plugged_in.orb"])}) == 3


@pytest.mark.parametrize("file, counts", [("orb.py", True), ("helper.py", True), ("other.py", False)])
def test_modules_of_a_plugin_count_as_far_as_they_are_imported(package, plugin, file, counts):
    _, of = package
    before = of(modules=["plugged_in.orb"])
    put(plugin / file, (plugin / file).read_text() + "changed = 1\n")
    assert (of(modules=["plugged_in.orb"]) != before) == counts


def test_what_a_plugin_imports_of_reprise_counts(package, plugin):
    write, of = package
    before = of("print(1)\n", ["plugged_in.orb"])
    write({"b/base.py": "def h():\n    return 3\n"})
    assert of("print(1)\n", ["plugged_in.orb"]) != before


def test_a_plugin_may_be_one_file(package, tmp_path, monkeypatch):
    _, of = package
    (tmp_path / "single").mkdir()
    put(tmp_path / "single" / "single_orb.py", "x = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path / "single"))
    before = of("print(1)\n", ["single_orb"])
    put(tmp_path / "single" / "single_orb.py", "x = 2\n")
    assert of("print(1)\n", ["single_orb"]) != before


@pytest.mark.parametrize(
    "stage, file",
    [
        ("train_how", "extractors/how.py"),  # which validates
        ("train_how", "asmk/inverted_file.py"),
        ("train_ames", "reranking/fusion.py"),
        ("search", "asmk/_kernels.pyx"),
    ],
)
def test_the_code_of_a_stage_covers_what_it_runs(stage, file):
    assert file in module.fingerprints(ROOT / "workflow" / "scripts" / f"{stage}.py")


@pytest.mark.parametrize(
    "parameters, expected",
    [
        ({"extractor": {"type": "orb"}}, ["reprise.extractors.orb"]),
        ({"extractor": {"type": "my.package:Orb"}}, ["my.package"]),
        ({"extractor": {"type": "detected", "detector": {"type": "sift"}, "descriptor": {"type": "my.other:Patches"}}},
         ["my.other", "reprise.detectors.sift", "reprise.extractors.detected"]),
        ({"dataset": {"layout": "list"}, "validated": {"layout": "revisited"}},
         ["reprise.datasets.list", "reprise.datasets.revisited"]),
        ({"system": "my.training"}, ["my.training"]),
        ({"scorer": "ames"}, ["reprise.reranking.ames"]),
        ({"metrics": ["map_classic", "my.metric"]}, ["my.metric", "reprise.evaluation.metrics.map_classic"]),
    ],
)  # fmt: skip
def test_every_registry_of_names_reaches_the_recipe(parameters, expected):
    assert loaded_modules(parameters) == expected
