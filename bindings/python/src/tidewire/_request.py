"""Requests: the caller's options as settings of the native library, and the caller's functions that change a request."""

from __future__ import annotations

import json as json_module
import math
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, Union

from ._errors import UsageError
from ._headers import Headers
from ._native import tidewire_ffi as native

Seconds = Union[float, timedelta]
"""A time: seconds, or a timedelta. 0 turns a limit off."""

Pairs = Union[Mapping[str, Any], Iterable[tuple[str, Any]]]
"""Names and values. A value of a query or a form may be a number, a bool, or a list of values."""

Dialect = str
"""The name of a dialect: "auto", "openai-chat", "anthropic" and others, or "generic:PATH"."""

Format = Literal["auto", "sse", "ndjson", "json-seq", "json-array", "concat", "text"]
"""The name of a format."""


class AttemptRequest:
    """The request of one attempt, as it would be sent. A function of the caller changes it by assigning to it."""

    def __init__(self, view: native.RequestView) -> None:
        self.attempt: int = view.attempt
        """Which attempt of the stream it is, from 1."""
        self.reason: str | None = view.reason
        """Why it is made; `None` for the first."""
        self.cursor: str | None = view.cursor
        """The cursor from which the stream continues."""
        self.method: str = view.method
        self.url: str = view.url
        """The URL with its query. A relative one is resolved against the present one."""
        self.body: bytes | None = view.body
        self._headers = [(header.name, header.value) for header in view.headers]
        self._set: list[native.Header] = []
        self._view = view

    @property
    def headers(self) -> Headers:
        """The headers, those included that the client adds."""
        return Headers(self._headers)

    def set_header(self, name: str, value: str) -> None:
        """Sets a header, in the place of those of the same name."""
        self._headers = [pair for pair in self._headers if pair[0].lower() != name.lower()] + [(name, value)]
        self._set.append(native.Header(name=name, value=value))

    def _changes(self) -> native.RequestChanges:
        view = self._view
        return native.RequestChanges(
            method=None if self.method == view.method else self.method,
            url=None if self.url == view.url else self.url,
            headers=self._set,
            body=None if self.body == view.body else self.body,
            clear_body=self.body is None and view.body is not None,
        )


RequestFunction = Callable[[AttemptRequest], Union[None, Coroutine[Any, Any, None]]]
"""A function that looks at the request of an attempt and changes it. A coroutine function runs on the consumer's event loop, any other
in a thread of its own."""


@dataclass(frozen=True)
class Cursor:
    """Where the cursor of JSON records is, and where a request carries it."""

    path: str
    """The path of the field in each record: "seq", "meta.offset"."""
    place: Literal["query", "header", "body"]
    """The part of the request that carries it; of the body, a top-level field."""
    name: str
    """The name of the parameter, header or field."""


def milliseconds(name: str, time: Seconds | None) -> int | None:
    """A time as the native library takes it."""
    if time is None:
        return None
    if isinstance(time, timedelta):
        time = time.total_seconds()
    if isinstance(time, bool) or not isinstance(time, (int, float)) or not math.isfinite(time) or time < 0:
        raise UsageError(f"{name} is {time!r}; it is a number of seconds or a timedelta, 0 or more")
    # What is not 0 must not become 0, which means no limit.
    return min(math.ceil(time * 1000), 2**63)


def headers_of(pairs: Pairs | None) -> list[native.Header]:
    """Headers, or fields of a query or a form."""
    if pairs is None:
        return []
    found = pairs.items() if isinstance(pairs, Mapping) else pairs
    flat: list[native.Header] = []
    for name, value in found:
        several = value if isinstance(value, (list, tuple)) else [value]
        flat.extend(native.Header(name=str(name), value=_text(one)) for one in several)
    return flat


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def markers(value: str | Sequence[str] | None) -> list[str] | None:
    """One marker or several."""
    return [value] if isinstance(value, str) else None if value is None else list(value)


def json_text(value: Any) -> str | None:
    """A JSON body."""
    if value is None:
        return None
    try:
        return json_module.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise UsageError(f"the body cannot be written as JSON: {error}") from error


def bytes_of(body: Any) -> bytes | None:
    """A body of text or bytes."""
    if body is None:
        return None
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, (bytes, bytearray, memoryview)):
        return bytes(body)
    raise UsageError(f"the body is {type(body).__name__}; it is text or bytes; use json= or form= for other values")


def cursor_of(cursor: Cursor | None) -> native.CursorSettings | None:
    if cursor is None:
        return None
    try:
        place = native.CursorPlace[cursor.place.upper()]
    except KeyError:
        raise UsageError(f"there is no place {cursor.place!r} for a cursor; it is query, header or body") from None
    return native.CursorSettings(path=cursor.path, place=place, name=cursor.name)
