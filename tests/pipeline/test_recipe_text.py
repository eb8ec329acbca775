"""Recipes are short where people read them, and whole where they are compared."""

import json
import pickle

from reprise.pipeline.recipe_text import RecipeText

CONTENT = {
    "stage": "search", "code": "0123456789abcdef" * 4, "modules": [],
    "parameters": {"topk": 5, "dataset": {"layout": "revisited", "list": None}, "scales": [1.0, 0.5]},
}  # fmt: skip


def test_a_report_shows_settings_and_the_first_digits_of_hashes():
    text = RecipeText(json.dumps(CONTENT))
    assert f"{text}" == "code 0123456789ab, topk 5, dataset (layout revisited), scales [1.0, 0.5]"
    assert f"{RecipeText(json.dumps({**CONTENT, 'code': None, 'parameters': {}}))}" == ""
    long = RecipeText(json.dumps({**CONTENT, "parameters": {"names": ["name"] * 1000}}))
    assert len(f"{long}") < 450 and f"{long}".endswith(" ...")


def test_everything_else_is_that_of_a_text():
    plain = json.dumps(CONTENT)
    text = RecipeText(plain)
    assert text == plain and repr(text) == repr(plain) and str(text) == plain and hash(text) == hash(plain)
    assert json.dumps(text) == json.dumps(plain)
    copied = pickle.loads(pickle.dumps(text))
    assert copied == plain and type(copied) is str
