"""The configuration, checked before anything is planned: keys by JSON Schema, then what refers to what.

The errors of a schema say that something is wrong; these say which key, and what it should have been.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import jsonschema
import yaml

from reprise.pipeline.consistency import inconsistencies
from reprise.pipeline.references import unknown_references
from reprise.storage.errors import DataError, unknown_name


def load_yaml(path: Path) -> dict:
    """Read a YAML file that holds a mapping."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise DataError(f"{path}: not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise DataError(f"{path}: expected a mapping of keys to values")
    return content


def check_schema(content: Mapping, schema: Mapping, where: str) -> None:
    """Check ``content`` against a JSON Schema; the error names all keys that are wrong."""
    validator = jsonschema.Draft202012Validator(schema)
    problems = [
        problem
        for error in sorted(validator.iter_errors(content), key=lambda error: list(map(str, error.absolute_path)))
        for problem in _explain(error, where)
    ]
    if problems:
        raise DataError("\n".join(problems))


def check_config(config: Mapping, schema: Mapping, sources: Iterable[str], published: Mapping) -> None:
    """Check the whole configuration: its keys, and that every name that it refers to exists.

    Args:
        config: config.yaml with all overlays
        schema: the JSON Schema of it
        sources: the keys of sources.yaml
        published: the content of published.yaml

    Raises:
        DataError: listing everything that is wrong, with the nearest name that exists
    """
    check_schema(config, schema, "config")
    problems = [*map(str, unknown_references(config, list(sources), published)), *map(str, inconsistencies(config))]
    if problems:
        raise DataError("\n".join(problems))


def _explain(error: jsonschema.ValidationError, where: str) -> Iterator[str]:
    key = ".".join([where, *map(str, error.absolute_path)])
    if error.validator == "additionalProperties" and error.validator_value is False:
        known = error.schema["properties"]
        for name in sorted(set(map(str, error.instance)) - set(known)):
            yield str(unknown_name(key, name, known)).replace("unknown name", "unknown key")
    elif error.validator == "required":
        for name in error.validator_value:
            if name not in error.instance:
                yield f"{key}: key '{name}' is missing"
    elif error.validator == "propertyNames" or error.validator == "pattern":
        yield f"{key}: '{error.instance}' is no valid name; use letters, digits, '_', '+' and '-'"
    else:
        yield f"{key}: {error.message}"
