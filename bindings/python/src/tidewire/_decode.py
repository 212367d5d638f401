"""Decoding bytes that are already there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

from . import _wire
from ._deltas import Message
from ._errors import UsageError, raise_from
from ._items import Frame
from ._native import tidewire_ffi as native
from ._outcome import Outcome
from ._request import Dialect, Format, markers


class Decoder:
    """A decoder of one body, fed in pieces that may be cut anywhere. Without a format the first bytes decide."""

    def __init__(
        self,
        *,
        format: Format | None = None,
        dialect: Dialect | None = None,
        max_event_bytes: int | None = None,
        skip_oversized: bool = False,
        deliver_unterminated: bool = False,
        end_on: str | Sequence[str] | None = None,
        fail_on: str | Sequence[str] | None = None,
        heartbeat_on: str | Sequence[str] | None = None,
    ) -> None:
        """A decoder at the start of a body. The options mean what they mean in `Client.stream`."""
        settings = native.DecodeSettings(
            format=format,
            dialect=dialect,
            max_event_bytes=max_event_bytes,
            skip_oversized=skip_oversized,
            deliver_unterminated=deliver_unterminated,
            end_on=markers(end_on),
            fail_on=markers(fail_on),
            heartbeat_on=markers(heartbeat_on) or [],
        )
        try:
            self._native = native.NativeDecoder(settings)
        except (native.NativeError, native.InternalError, TypeError, ValueError) as error:
            raise_from(error)
        self._outcome: Outcome | None = None

    def push(self, piece: bytes) -> list[Frame]:
        """Takes the next piece of the body. After an end the rest of the body does not count."""
        return [] if self._outcome else self._taken(self._native.push(piece))

    def finish(self) -> list[Frame]:
        """Takes the clean end of the body."""
        return [] if self._outcome else self._taken(self._native.finish())

    @property
    def outcome(self) -> Outcome | None:
        """How the body ended; `None` before its end."""
        return self._outcome

    @property
    def message(self) -> Message | None:
        """The reply so far; `None` without a dialect."""
        text = self._native.message()
        return None if text is None else Message.from_json(text)

    def _taken(self, batch: native.Batch) -> list[Frame]:
        found = cast(_wire.Batch, batch)
        self._outcome = found.outcome
        return found.items


@dataclass(slots=True)
class Decoded:
    """A decoded body."""

    frames: list[Frame]
    """What it consists of."""
    outcome: Outcome
    """How it ended."""
    message: Message | None
    """What the deltas add up to, with a dialect."""


def decode(
    body: bytes | Iterable[bytes],
    *,
    format: Format | None = None,
    dialect: Dialect | None = None,
    max_event_bytes: int | None = None,
    skip_oversized: bool = False,
    deliver_unterminated: bool = False,
    end_on: str | Sequence[str] | None = None,
    fail_on: str | Sequence[str] | None = None,
    heartbeat_on: str | Sequence[str] | None = None,
) -> Decoded:
    """Decodes a whole body, or its pieces. The options mean what they mean in `Client.stream`."""
    if isinstance(body, str):
        raise UsageError("the body is text; it is bytes, as they come from the network")
    decoder = Decoder(
        format=format,
        dialect=dialect,
        max_event_bytes=max_event_bytes,
        skip_oversized=skip_oversized,
        deliver_unterminated=deliver_unterminated,
        end_on=end_on,
        fail_on=fail_on,
        heartbeat_on=heartbeat_on,
    )
    frames: list[Frame] = []
    for piece in [body] if isinstance(body, (bytes, bytearray, memoryview)) else body:
        frames += decoder.push(bytes(piece))
    frames += decoder.finish()
    outcome = decoder.outcome
    assert outcome is not None
    return Decoded(frames, outcome, decoder.message)


def compact_json(text: str) -> str:
    """The text of a JSON value without white space between its tokens, with numbers as they were written."""
    return native.compact_json(text)
