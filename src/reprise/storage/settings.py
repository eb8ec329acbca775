"""Settings that are declared once: a frozen model with defaults, bounds and descriptions, read from plain values."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Self, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from reprise.storage.errors import DataError, unknown_name
from reprise.storage.references import Refers, references

if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass
else:
    ModelMetaclass = type(BaseModel)

Count = Annotated[int, Field(ge=1)]
# What the errors of settings inside of others begin with, until it is known where these are.
_INNER = "\0"


def without_braces(path: str) -> str:
    """Return the path of a file or folder that Snakemake takes as it is; ValueError for braces, its wildcards."""
    if "{" in path or "}" in path:
        raise ValueError(
            f"'{path}' has braces, which Snakemake takes for wildcards; rename it, or give a link whose name has none"
        )
    return path


OwnPath = Annotated[str, AfterValidator(without_braces)]


class _SaysWhatIsWrong(ModelMetaclass):
    """Makes keyword arguments that do not fit an error like those of :meth:`Settings.read`."""

    def __call__(self, *arguments: Any, **values: Any) -> Any:
        try:
            return super().__call__(*arguments, **values)
        except ValidationError as error:
            raise _unfit(self, values, error, self.__name__) from None


class Settings(BaseModel, metaclass=_SaysWhatIsWrong):
    """The base of all settings: unknown keys are refused, numbers are no texts, and nothing changes afterwards.

    Raises:
        DataError: values that do not fit, given by keywords
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _plain_numbers(cls, content: Any) -> Any:
        """Numbers and arrays of numpy, as programs have them, are what they are in Python."""
        if not isinstance(content, Mapping):
            return content
        return {
            key: value.tolist() if type(value).__module__ == "numpy" and hasattr(value, "tolist") else value
            for key, value in content.items()
        }

    @classmethod
    def read(cls, content: Mapping[str, Any], where: str) -> Self:
        """Read settings from plain values, as of YAML or JSON.

        Args:
            content: keys and values
            where: what each line of the error begins with, such as ``config.codebooks.mine``

        Raises:
            DataError: listing all that is wrong, with the nearest key that exists for each that does not
        """
        try:
            return cls.model_validate(dict(content))
        except ValidationError as error:
            raise _unfit(cls, content, error, where) from None

    def referred(self) -> Iterator[tuple[str, str, Refers]]:
        """Iterate over the names of other entries in these settings: the keys that lead to it, the name, its mark."""
        return references(self)


def of_type(load: Callable[[str, str], type[Settings]]) -> BeforeValidator:
    """A setting that is settings itself, whose model depends on their key ``type``.

    ``detector: Annotated[SerializeAsAny[DetectorSettings], of_type(DETECTORS.settings_of)]``

    Args:
        load: (type, what errors begin with) -> the model
    """

    def read(content: Any) -> Any:
        if isinstance(content, Settings):
            return content
        if not isinstance(content, Mapping):
            raise ValueError("expected a mapping of keys to values")
        if "type" not in content:
            raise ValueError("key 'type' is missing")
        return load(str(content["type"]), f"{_INNER}.type").read(content, _INNER)

    return BeforeValidator(read)


def _unfit(model: type, content: Mapping[str, Any], error: ValidationError, where: str) -> DataError:
    """The error that lists all that is wrong, a line each."""
    lines = (_explain(model, content, problem, where) for problem in error.errors(include_url=False))
    return DataError("\n".join(dict.fromkeys(lines)))


def _explain(model: type[BaseModel], content: Mapping[str, Any], problem: ErrorDetails, where: str) -> str:
    keys, value = _followed(content, problem["loc"])
    last = str(problem["loc"][-1]) if problem["loc"] else ""
    place = ".".join([where, *keys])
    if problem["type"] == "extra_forbidden":
        known = _fields(model, keys[:-1])
        return str(unknown_name(".".join([where, *keys[:-1]]), last, known)).replace("unknown name", "unknown key")
    if problem["type"] == "missing":
        return f"{place}: key '{last}' is missing"
    text = problem["msg"].removeprefix("Value error, ")
    if text.startswith(_INNER):
        return text.replace(_INNER, place)
    if problem["type"] == "value_error":
        # The message of a validator of several keys begins with a key, if it concerns one key.
        return f"{place}.{text}" if _begins_with_a_key(text, _fields(model, keys)) else f"{place}: {text}"
    text = text.replace("Input should be", "should be").replace("String should", "should")
    return f"{place}: {value!r} {text}" if isinstance(value, str | int | float | None) else f"{place}: {text}"


def _followed(content: Any, location: tuple[int | str, ...]) -> tuple[list[str], Any]:
    """Return the keys of a location, without pydantic's names of the members of unions, and the value that is there."""
    keys: list[str] = []
    value = content
    for part in location:
        inside = (
            part in value if isinstance(value, Mapping) else isinstance(value, list | tuple) and isinstance(part, int)
        )
        if inside:
            value = value[part]
            keys.append(str(part))
    return keys, value


def _begins_with_a_key(text: str, fields: Mapping[str, Any]) -> bool:
    return text.partition(": ")[0].split(".")[0] in fields


def _fields(model: type[BaseModel], keys: list[str]) -> Mapping[str, Any]:
    """Return the fields of the model at ``keys``."""
    for key in keys:
        field = model.model_fields.get(key)
        inner = [] if field is None else [kind for kind in _kinds(field.annotation) if issubclass(kind, BaseModel)]
        if not inner:
            return {}
        model = inner[0]
    return model.model_fields


def _kinds(annotation: Any) -> list[type]:
    """List the classes that an annotation consists of."""
    if isinstance(annotation, type) and not get_args(annotation):
        return [annotation]
    return [kind for argument in get_args(annotation) for kind in _kinds(argument)]
