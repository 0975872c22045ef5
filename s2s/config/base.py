"""What all configurations share: type checks, ranges, a trip through JSON and back."""

import dataclasses
import math
import types
import typing
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Literal, Self, get_args

from s2s.errors import OPTIONS, ConfigError, suggest, with_option


def _matches(value: Any, kind: Any) -> bool:
    """Whether a value read from JSON or passed by a caller is of the annotated type."""
    origin = typing.get_origin(kind)
    if origin is Literal:
        return value in get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return any(_matches(value, arm) for arm in get_args(kind))
    if origin is tuple:
        arm = get_args(kind)[0]
        return isinstance(value, tuple) and all(_matches(item, arm) for item in value)
    if kind is float:
        return isinstance(value, Real) and not isinstance(value, bool)
    if kind is int:
        return isinstance(value, Integral) and not isinstance(value, bool)
    return isinstance(value, kind)


_WORDS = {bool: "True or False", int: "a whole number", float: "a number", str: "a text"}


def _in_words(kind: Any) -> str:
    """Returns an annotated type as an error says it: ``a whole number or None``."""
    origin = typing.get_origin(kind)
    if origin is Literal:
        return " or ".join(map(repr, get_args(kind)))
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_in_words(arm) for arm in get_args(kind))
    if origin is tuple:
        return f"a tuple, each item {_in_words(get_args(kind)[0])}"
    if kind is type(None):
        return "None"
    return _WORDS.get(kind, getattr(kind, "__name__", str(kind)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """Base class of all configurations: type checks, JSON round trip, one-line errors."""

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if getattr(value, "shape", None) == ():  # NumPy's scalar: JSON knows Python's only
                value = value.item()
                object.__setattr__(self, field.name, value)
            if not _matches(value, field.type):
                if typing.get_origin(field.type) is Literal:
                    choices = get_args(field.type)
                    hint = suggest(str(value), [str(choice) for choice in choices])
                    raise ConfigError(
                        f"{self._label(field.name)} is {value!r}; expected one of "
                        f"{', '.join(map(str, choices))}{hint}"
                    )
                raise ConfigError(
                    f"{self._label(field.name)} is {value!r}; expected {_in_words(field.type)}"
                )

    def _check_range(self, name: str, low: float, high: float = math.inf) -> None:
        """Raises ConfigError unless ``low`` <= field <= ``high``, or it is None or a word."""
        value = getattr(self, name)
        if value is not None and not isinstance(value, str) and not low <= value <= high:
            limits = f"at least {low}" if high == math.inf else f"{low} to {high}"
            raise ConfigError(f"{self._label(name)} is {value}; expected {limits}")

    def _label(self, name: str) -> str:
        """Returns the name of a field in an error: with its option, or else with its class."""
        return with_option(name) if name in OPTIONS else f"{type(self).__name__}.{name}"

    def to_dict(self) -> dict[str, Any]:
        """Returns the fields as plain values for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Builds a configuration from the values of ``to_dict``.

        Raises:
            ConfigError: If a key is unknown or missing, or a value has the wrong type.
        """
        if not isinstance(values, dict):
            raise ConfigError(f"{cls.__name__}: expected a JSON object, found {values!r:.60}")
        fields = {field.name: field for field in dataclasses.fields(cls)}
        for key in values:
            if key not in fields:
                raise ConfigError(f"{cls.__name__}: unknown key {key!r}{suggest(key, fields)}")
        for name, field in fields.items():
            required = (
                field.default is dataclasses.MISSING
                and field.default_factory is dataclasses.MISSING
            )
            if required and name not in values:
                raise ConfigError(f"{cls.__name__}: key {name!r} is missing")
        return cls(**{key: _built(value, fields[key].type) for key, value in values.items()})


def _built(value: Any, kind: Any) -> Any:
    """Converts a plain value of ``to_dict`` or JSON to the type ``kind`` of its field."""
    if isinstance(kind, type) and issubclass(kind, Config):
        return kind.from_dict(value)
    if typing.get_origin(kind) is tuple and isinstance(value, list | tuple):
        return tuple(_built(item, get_args(kind)[0]) for item in value)
    return value


def check_integer(name: str, value: object, low: int) -> int:
    """Returns an integer of any type, NumPy's too, as ``int``.

    Raises:
        ConfigError: If it is none, or less than ``low``.
    """
    if not isinstance(value, Integral) or isinstance(value, bool) or value < low:
        raise ConfigError(
            f"{with_option(name)} is {value!r}; expected a whole number, at least {low}"
        )
    return int(value)
