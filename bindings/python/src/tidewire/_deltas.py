"""The deltas and the message of an LLM's reply, the same for every provider."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, ClassVar, Union


@dataclass(slots=True)
class StartDelta:
    """The reply has begun. What the provider does not say is empty."""

    kind: ClassVar[str] = "start"
    id: str
    model: str
    created: str


@dataclass(slots=True)
class TextDelta:
    """Text of the reply. `choice` is the number of the alternative, from 0; nearly all replies have one."""

    kind: ClassVar[str] = "text"
    choice: int
    text: str


@dataclass(slots=True)
class ReasoningDelta:
    """The model's reasoning, or a summary of it."""

    kind: ClassVar[str] = "reasoning"
    choice: int
    text: str


@dataclass(slots=True)
class RefusalDelta:
    """Why the model refuses to answer."""

    kind: ClassVar[str] = "refusal"
    choice: int
    text: str


@dataclass(slots=True)
class ToolCallDelta:
    """A tool call begins; or, with an index that was there before, its id or its name came late or in pieces."""

    kind: ClassVar[str] = "tool_call"
    choice: int
    index: int
    id: str
    name: str


@dataclass(slots=True)
class ArgumentsDelta:
    """More of the JSON text of a call's arguments."""

    kind: ClassVar[str] = "arguments"
    choice: int
    index: int
    fragment: str


@dataclass(slots=True)
class UsageDelta:
    """The tokens used so far. A later report replaces the counts that it names."""

    kind: ClassVar[str] = "usage"
    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    reasoning_tokens: int | None = None
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


@dataclass(slots=True)
class CitationDelta:
    """A source that the reply cites."""

    kind: ClassVar[str] = "citation"
    choice: int
    url: str
    title: str


@dataclass(slots=True)
class FinishDelta:
    """An alternative is finished. `reason` is the same for every provider, `said` is the provider's own word."""

    kind: ClassVar[str] = "finish"
    choice: int
    reason: str
    said: str


@dataclass(slots=True)
class ErrorDelta:
    """The provider reports a failure. The stream is over."""

    kind: ClassVar[str] = "error"
    code: str
    message: str
    retryable: bool


@dataclass(slots=True)
class OtherDelta:
    """Anything else, as JSON text."""

    kind: ClassVar[str] = "other"
    name: str
    json: str

    @property
    def value(self) -> Any:
        """Its value."""
        return json.loads(self.json)


Delta = Union[
    StartDelta,
    TextDelta,
    ReasoningDelta,
    RefusalDelta,
    ToolCallDelta,
    ArgumentsDelta,
    UsageDelta,
    CitationDelta,
    FinishDelta,
    ErrorDelta,
    OtherDelta,
]
"""A typed piece of a reply."""


@dataclass(slots=True)
class ToolCall:
    """A call that the model asks for."""

    id: str
    name: str
    arguments: Any
    """The value of the arguments; their text if they are not JSON."""


@dataclass(slots=True)
class Message:
    """A reply, put together from its deltas."""

    json: str
    """The whole message, as the command prints it."""
    dialect: str = ""
    id: str = ""
    model: str = ""
    text: str = ""
    reasoning: str = ""
    refusal: str = ""
    finish: str | None = None
    """Why the reply ended, the same for every provider; `None` until it has."""
    tool_calls: list[ToolCall] = field(default_factory=list)
    usage: dict[str, int] = field(default_factory=dict)

    @property
    def value(self) -> dict[str, Any]:
        """The value of `json`."""
        value: dict[str, Any] = json.loads(self.json)
        return value

    @classmethod
    def from_json(cls, text: str) -> Message:
        """Reads the JSON object."""
        value: dict[str, Any] = json.loads(text)
        calls = [
            ToolCall(
                call.get("id", ""),
                call.get("name", ""),
                call["arguments"] if "arguments" in call else call.get("arguments_text", ""),
            )
            for call in value.get("tool_calls", ())
        ]
        texts = {name: value.get(name, "") for name in ("dialect", "id", "model", "text", "reasoning", "refusal")}
        return cls(json=text, **texts, finish=value.get("finish"), tool_calls=calls, usage=value.get("usage", {}))
