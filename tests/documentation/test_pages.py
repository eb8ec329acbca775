"""What stands in README, docs/ and notebooks beside examples: tags, settings, links."""

import json
import re
from collections import defaultdict
from pathlib import Path

import pytest
import yaml
from documentation_examples import pages
from paths import ROOT


@pytest.mark.parametrize("page", [*pages(), "docs/configuration.md"])
def test_no_placeholder_is_taken_for_a_tag(page):
    """``<table>`` outside of code begins a table."""
    text = (ROOT / page).read_text()
    for code in (r"^ *```.*?^ *```", r"^    .*?$", r"(`+)(?!`).+?(?<!`)\1(?!`)", r"<!--.*?-->"):
        text = re.sub(code, "", text, flags=re.MULTILINE | re.DOTALL)
    assert not re.findall(r"</?[a-zA-Z][^>]*>", text)


def test_settings_of_the_definitions_are_defaults_or_options():
    """``key: value`` in docs/numbers.md says what the configuration says."""
    row = re.compile(r"^\| `(?:[\w.]*\.)?(\w+)` \| (.*?) \| (?:`(.*?)`|needed|) \|", re.MULTILINE)
    defaults, options = defaultdict(list), defaultdict(set)
    for key, kind, default in row.findall((ROOT / "docs/configuration.md").read_text()):
        defaults[key].append(yaml.safe_load(default) if default and " ... " not in default else default)
        options[key] |= set(re.findall(r"`(.*?)`", kind))
    stated = re.findall(r"`(\w+): ([^`]+)`", (ROOT / "docs/numbers.md").read_text())
    assert len(stated) > 20
    for key, value in stated:
        content = yaml.safe_load(value)
        inner = content.items() if isinstance(content, dict) else [(key, content)]
        for name, number in inner:
            assert number in defaults[name] or number in options[name] or (name == "type" and number), (name, number)


def test_notebooks_are_stored_without_what_they_printed():
    notebooks = list((ROOT / "notebooks").glob("*.ipynb"))
    assert len(notebooks) == 2
    for notebook in notebooks:
        cells = json.loads(notebook.read_text())["cells"]
        assert len(cells) > 5
        assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells), notebook


def test_forms_for_issues_ask_for_what_is_needed():
    forms = [yaml.safe_load(path.read_text()) for path in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml")]
    forms = [form for form in forms if "body" in form]
    assert len(forms) == 3
    for form in forms:
        assert form["name"] and form["description"]
        asked = [field["id"] for field in form["body"]]
        assert len(asked) == len(set(asked))
        assert any(field.get("validations", {}).get("required") for field in form["body"])
        options = [option for field in form["body"] for option in field["attributes"].get("options", ())]
        assert all(isinstance(option if isinstance(option, str) else option["label"], str) for option in options)


def test_links_of_the_readme_lead_to_files():
    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / "README.md").read_text())
    assert len(links) > 15 and all((ROOT / link).exists() for link in links)
    assert (ROOT / "docs" / "images" / "gallery.webp").stat().st_size < 200 * 1024
    assert Path("docs/images/gallery.webp").as_posix() in links
