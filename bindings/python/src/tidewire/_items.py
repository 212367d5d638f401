"""What a stream delivers: records, and notices about the stream at their place between the records."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal, Union

from ._deltas import Delta


@dataclass(slots=True)
class Event:
    """An event of an SSE stream."""

    event: str
    """Its type; "message" if the stream does not name it."""
    data: str
    """Its data."""
    id: str
    """The last event id in effect; empty before the first one."""

    def json(self) -> Any:
        """The value of data that is JSON."""
        return json.loads(self.data)


@dataclass(slots=True)
class Record:
    """A JSON record."""

    index: int | None
    """Its number in the body, from 0; `None` if the stream reads records of any format."""
    json: str
    """Its text, with the white space and the numbers as they were written."""

    @property
    def value(self) -> Any:
        """Its value."""
        return json.loads(self.json)


@dataclass(slots=True)
class Text:
    """A piece of a text."""

    text: str


@dataclass(slots=True)
class Comment:
    """A comment, or a heartbeat."""

    comment: str


@dataclass(slots=True)
class Retry:
    """The server asks to wait this long before a reconnect."""

    delay: float
    """The wait, in seconds."""


@dataclass(slots=True)
class Problem:
    """A record that cannot be read. The stream continues after it."""

    code: Literal["bad_record", "too_large"]
    message: str
    """What is wrong with it."""
    offset: int | None
    """Where it is, in bytes of the decoded body, if that is known."""
    limit: int | None
    """The limit that it exceeds, in bytes."""


@dataclass(slots=True)
class Attempt:
    """A request is due, after its wait."""

    number: int
    """Which attempt of the stream it is, from 1."""
    delay: float
    """How long the stream waits before it, in seconds."""
    reason: str | None
    """Why it is made; `None` for the first."""
    cursor: str | None
    """The cursor from which the stream continues."""
    asked: float | None
    """The wait that the server asked for, if it is longer than what is honoured, in seconds."""
    error: str | None
    """What is known about the failure of the last attempt."""


@dataclass(slots=True)
class Stall:
    """The wire has been silent for this long."""

    silent: float
    """The silence so far, in seconds."""


@dataclass(slots=True)
class Gap:
    """Records are missing here, or may be."""

    after: str | None
    """The cursor after which they are missing, if there is one."""


@dataclass(slots=True)
class Replayed:
    """The present response repeats records."""

    id: str
    """The id of the first such record."""


Notice = Union[Attempt, Stall, Gap, Replayed, Problem]
"""What is reported to a callback, and among the frames."""

Frame = Union[Event, Record, Text, Delta, Comment, Retry, Problem, Attempt, Stall, Gap, Replayed]
"""Anything that a stream delivers."""

NOTICES = frozenset((Attempt, Stall, Gap, Replayed, Problem))
