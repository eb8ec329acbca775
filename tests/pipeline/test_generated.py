"""What is generated from the models of the settings is what they say now."""

import jsonschema
import pytest
import yaml
from paths import ROOT
from shipped import shipped_config

from reprise.pipeline.spec.generated import CONFIG_SCHEMA, PUBLISHED_SCHEMA, config_schema, generated
from reprise.pipeline.spec.sections import SECTIONS, Section

GENERATED = generated()


@pytest.mark.parametrize("name", sorted(GENERATED))
def test_what_is_checked_in_is_current(name):
    assert (ROOT / name).read_text() == GENERATED[name], f"{name}: is out of date; run: make generated"


@pytest.mark.parametrize("overlays", [(), ("mini.yaml",)])
def test_the_shipped_configuration_fits_the_schema(overlays):
    jsonschema.validate(shipped_config(*overlays), config_schema())


@pytest.mark.parametrize("file", sorted((ROOT / "config" / "published").glob("*.yaml")), ids=lambda file: file.stem)
def test_published_numbers_fit_their_schema(file):
    jsonschema.validate(yaml.safe_load(file.read_text()), yaml.safe_load(GENERATED[PUBLISHED_SCHEMA]))


@pytest.mark.parametrize(
    "path, value",
    [
        (["experiments", "rootsift", "asmk"], {"alhpa": 3}),
        (["experiments", "rootsift", "asmk"], {"alpha": "three"}),
        (["extractors", "rootsift", "type"], "sift"),
        (["codebooks", "rootsift", "size"], "64K"),
        (["experiment"], {}),
    ],
)
def test_the_schema_refuses_what_is_wrong(path, value):
    config = shipped_config()
    entry = config
    for key in path[:-1]:
        entry = entry[key]
    entry[path[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(config, yaml.safe_load(GENERATED[CONFIG_SCHEMA]))


def test_every_setting_has_a_description():
    for section, kind in SECTIONS.items():
        models = [kind.load(name, name) for name in kind.types()] if isinstance(kind, Section) else [kind]
        for model in models:
            for key, field in model.model_fields.items():
                assert field.description, f"{section}: {model.__name__}.{key}"
