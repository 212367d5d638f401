"""Records as values of the caller's types."""

from __future__ import annotations

import dataclasses
import json
import types
from collections.abc import Callable
from typing import Any, Union, get_args, get_origin, get_type_hints

from ._errors import BadRecordError, UsageError
from ._items import Problem, Record


def reader_of(model: Any) -> Callable[[Record], Any]:
    """What makes a value of a record: of a pydantic model or type adapter, of a dataclass, or of a function of the parsed value."""
    if model is None or model is dict or model is Any:
        return _guarded(json.loads)
    for validate in ("model_validate_json", "validate_json"):
        function = getattr(model, validate, None)
        if callable(function):
            return _guarded(function)
    if isinstance(model, type) and dataclasses.is_dataclass(model):
        try:
            get_type_hints(model)
        except NameError as error:
            raise UsageError(f"the types of the fields of {model.__name__} cannot be resolved: {error}") from error
        return _guarded(lambda text: _as_type(model, json.loads(text)))
    if isinstance(model, type) and hasattr(model, "__required_keys__"):
        # A TypedDict is a dict.
        return _guarded(json.loads)
    return _guarded(lambda text: model(json.loads(text)))


def _guarded(function: Callable[[str], Any]) -> Callable[[Record], Any]:
    def read(record: Record) -> Any:
        try:
            return function(record.json)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise BadRecordError(Problem("bad_record", str(error), None, None)) from error

    return read


def _as_type(hint: Any, value: Any) -> Any:
    """A JSON value as a dataclass, also inside lists, dicts and optional values. Other types are taken as they come."""
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        if not isinstance(value, dict):
            raise TypeError(f"{hint.__name__} is read from an object, not from {type(value).__name__}")
        hints = get_type_hints(hint)
        fields = [field.name for field in dataclasses.fields(hint) if field.init]
        return hint(**{name: _as_type(hints[name], value[name]) for name in fields if name in value})
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is list and arguments and isinstance(value, list):
        return [_as_type(arguments[0], one) for one in value]
    if origin is dict and len(arguments) == 2 and isinstance(value, dict):
        return {name: _as_type(arguments[1], one) for name, one in value.items()}
    if origin in (Union, types.UnionType) and value is not None:
        candidates = [argument for argument in arguments if argument is not type(None)]
        if len(candidates) == 1:
            return _as_type(candidates[0], value)
    return value
