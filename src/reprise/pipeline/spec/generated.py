"""Files generated from the models of the settings: JSON Schemas for editors, and the page of all keys.

``python -m reprise.pipeline.spec.generated`` writes both into the working directory, the folder of the project.
"""

import json
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from reprise.pipeline.spec.published import Published
from reprise.pipeline.spec.sections import SECTIONS, Model, Section
from reprise.pipeline.spec.shared import Shared
from reprise.reranking.expansions import EXPANSIONS, expansion_settings
from reprise.reranking.scorers import SCORERS, load_scorer, step_settings
from reprise.storage.atomic import write_text

CONFIG_SCHEMA = "workflow/schemas/config.schema.yaml"
PUBLISHED_SCHEMA = "workflow/schemas/published.schema.yaml"
PAGE = "docs/configuration.md"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NAME = "^[A-Za-z0-9][A-Za-z0-9_+-]*$"
_INTRODUCTION = """# Configuration

Generated from the models of the settings (`make generated`); a test compares.

`config/config.yaml`, with the files of the same folder that the `Snakefile` names and the overlays after
`--configfile`, is read section by section.
Every key that is left out has its default. `like: <name>` takes over another entry of the section and changes some of
its keys.
"""


def write_all(folder: Path) -> None:
    """Write all generated files below the folder of the project."""
    for name, text in generated().items():
        write_text(folder / name, text)


def generated() -> dict[str, str]:
    """Return the texts of all generated files, by their paths in the project."""
    return {
        CONFIG_SCHEMA: _yaml(config_schema()),
        PUBLISHED_SCHEMA: _yaml({"$schema": _DIALECT, **Published.model_json_schema()}),
        PAGE: configuration_page(),
    }


def config_schema() -> dict[str, Any]:
    """Make the JSON Schema of the configuration with all overlays; keys that ``like`` takes over may be missing."""
    definitions: dict[str, Any] = {}
    properties = dict(_hoisted(Shared, definitions)["properties"])
    for section, kind in SECTIONS.items():
        properties[section] = {
            "type": "object",
            "propertyNames": {"pattern": _NAME},
            "additionalProperties": _section(kind, definitions),
        }
    for case in properties["experiments"]["additionalProperties"]["allOf"]:
        case["then"]["properties"]["steps"]["additionalProperties"] = _step(definitions)
    return {
        "$schema": _DIALECT,
        "title": "The configuration",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "$defs": definitions,
    }


def _section(kind: Model | Section, definitions: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(kind, Section):
        return _entry(_hoisted(kind, definitions))
    shipped = [(name, kind.load(name, name)) for name in kind.types()]
    cases = [
        {
            "if": {"required": [kind.key], "properties": {kind.key: {"const": name}}},
            "then": _entry(_hoisted(model, definitions)),
        }
        for name, model in shipped
    ]
    if kind.otherwise:
        key, model = kind.otherwise
        cases.append({"if": {"required": [key]}, "then": _entry(_hoisted(model, definitions))})
    names: dict[str, Any] = {"enum": list(kind.types())}
    if kind.other:
        names = {"anyOf": [names, {"type": "string", "pattern": ":" if ":" in kind.other else r"\."}]}
    return {"type": "object", "properties": {kind.key: names, "like": {"type": "string"}}, "allOf": cases}


def _step(definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema of a step; other scorers have other keys, and ``like`` may have said the rest."""
    kinds: dict[str, list[Any]] = {}
    for model in _steps().values():
        for key, schema in _hoisted(model, definitions)["properties"].items():
            known = kinds.setdefault(key, [])
            if schema not in known:
                known.append(schema)
    # Keys that several steps have may differ in what they take.
    properties = {key: each[0] if len(each) == 1 else {"anyOf": each} for key, each in kinds.items()}
    return {"type": "object", "properties": properties}


def _steps() -> dict[str, Model]:
    """The models of the steps, by what they are called on the page."""
    rerankings = {f"the scorer {name}": step_settings(load_scorer(name)) for name in SCORERS.names()}
    expansions = {f"`expand`, after the search {name}": expansion_settings(name) for name in EXPANSIONS.names()}
    return {**rerankings, **expansions}


def _entry(schema: dict[str, Any]) -> dict[str, Any]:
    """Make the schema of an entry, which with ``like`` needs only the keys that differ."""
    return {
        **{key: value for key, value in schema.items() if key != "required"},
        "properties": {**schema.get("properties", {}), "like": {"type": "string"}},
        "anyOf": [{"required": ["like"]}, {"required": schema.get("required", [])}],
    }


def _hoisted(model: type[BaseModel], definitions: dict[str, Any]) -> dict[str, Any]:
    schema = model.model_json_schema()
    for name, definition in schema.pop("$defs", {}).items():
        if definitions.setdefault(name, definition) != definition:
            raise ValueError(f"{model.__module__}: another model is called {name}, too; rename one of them")
    return schema


def configuration_page() -> str:
    """Format all keys with their types, defaults and meanings, in Markdown."""
    lines = [_INTRODUCTION, "## Shared by all sections\n", *_table(Shared)]
    for section, kind in SECTIONS.items():
        lines.append(f"\n## {section}\n")
        if isinstance(kind, Section):
            others = f", or `{kind.other}`" if kind.other else ""
            lines.append(f"`{kind.key}` is one of {', '.join(f'`{name}`' for name in kind.types())}{others}.")
            for name in kind.types():
                lines += [f"\n### {section}: {name}\n", *_described(kind.load(name, name))]
            if kind.otherwise:
                lines += [f"\n### {section}: with `{kind.otherwise[0]}` in place of `{kind.key}`\n"]
                lines += _described(kind.otherwise[1])
        else:
            lines += _described(kind)
        if section == "experiments":
            for name, model in _steps().items():
                lines += [f"\n### {section}: a step with {name}\n", *_described(model)]
    return "\n".join(lines) + "\n"


def _described(model: type[BaseModel]) -> list[str]:
    summary = (model.__doc__ or "").strip().split("\n\n")[0]
    return [" ".join(summary.split()), "", *_table(model)]


def _table(model: type[BaseModel]) -> list[str]:
    return ["| key | type | default | meaning |", "|---|---|---|---|", *_rows(model, "")]


def _rows(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for key, field in model.model_fields.items():
        meaning = (field.description or "").replace("|", "\\|").replace("<", "&lt;")  # neither a column nor a tag
        yield f"| `{prefix}{key}` | {_type(field.annotation)} | {_default(field)} | {meaning} |"
        for inner in _models(field.annotation):
            yield from _rows(inner, f"{prefix}{key}.")


def _models(annotation: Any) -> list[type[BaseModel]]:
    """List the models of settings that an annotation holds directly, or as an option."""
    members = get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else [annotation]
    return [member for member in members if isinstance(member, type) and issubclass(member, BaseModel)]


def _type(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(arguments[0])
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(map(_type, arguments)))
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in arguments)
    if origin in (list, tuple):
        return f"list of {_type(arguments[0])}"
    if origin is dict:
        return "mapping"
    if annotation is type(None):
        return "null"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "mapping"
    return {int: "integer", float: "number", str: "text", bool: "true, false"}.get(annotation, "any")


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, BaseModel):
        return ""
    text = json.dumps(value)
    return f"`{text}`" if len(text) < 60 else f"`{text[:40]} ... {text[-12:]}`"


def _yaml(content: Mapping[str, Any]) -> str:
    text = yaml.safe_dump(dict(content), sort_keys=False, width=120)
    return f"# Generated from the models of the settings: make generated\n{text}"


if __name__ == "__main__":
    write_all(Path.cwd())
