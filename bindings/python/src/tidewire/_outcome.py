"""How a stream ended, what it received, and what it is doing."""

from __future__ import annotations

from dataclasses import dataclass, field

from ._headers import Headers
from ._native import tidewire_ffi as native


@dataclass(slots=True)
class Stats:
    """What a stream received so far, and how long it took, in seconds."""

    first_byte: float | None = None
    """From the start to the first byte of a body."""
    first_event: float | None = None
    """From the start to the first record."""
    bytes: int = 0
    """Bytes of the decoded bodies."""
    events: int = 0
    """Records that were delivered."""
    attempts: int = 0
    """Requests that were sent."""
    longest_silence: float = 0
    """The longest silence on the wire while the consumer was asking."""
    elapsed: float = 0
    """From the start to the end, or to now."""


@dataclass(slots=True)
class Outcome:
    """How a stream ended."""

    code: str
    """`complete` and `ended` are success; `truncated`, `failed`, `refused`, `timed_out`, `unreachable`, `unreadable` and `cancelled` are
    not. `usage` if no request could be made, `internal` for a defect of this library."""
    message: str = ""
    """What to tell people; empty for a success."""
    cursor: str | None = None
    """The cursor from which a later stream can continue this one."""
    error: str | None = None
    """What the transport or the peer said about the failure; of a refusal, the server's reason."""
    status: int | None = None
    """The HTTP status of a refusal."""
    headers: Headers = field(default_factory=Headers)
    """The headers of the refused response."""
    body: bytes | None = None
    """The body of the refused response, up to 64 KiB."""
    retry_after: float | None = None
    """The wait that a refusal asked for, if it was too long to be honoured, in seconds."""
    timeout: str | None = None
    """Which limit passed: `connect`, `first_event`, `idle`, `progress`, `total` or `queue`."""
    offset: int | None = None
    """Where the body became unreadable, in bytes of the decoded body."""
    limit: int | None = None
    """The limit that a record exceeded, in bytes."""
    stats: Stats = field(default_factory=Stats)
    """What the stream received."""

    @property
    def is_success(self) -> bool:
        """Whether the stream came to its end: `complete` or `ended`."""
        return self.code in ("complete", "ended")


@dataclass(slots=True)
class State:
    """What a stream is doing."""

    name: str
    """`idle`, `connecting`, `open`, `waiting` or `closed`."""
    delay: float | None = None
    """In `waiting`: the rest of the wait in seconds."""
    outcome: str | None = None
    """In `closed`: the code of the outcome; `None` if no request could be made."""


def seconds(ms: int | None) -> float | None:
    """Milliseconds as seconds."""
    return None if ms is None else ms / 1000


def stats_of(stats: native.StreamStats) -> Stats:
    return Stats(
        first_byte=seconds(stats.first_byte_ms),
        first_event=seconds(stats.first_event_ms),
        bytes=stats.bytes,
        events=stats.events,
        attempts=stats.attempts,
        longest_silence=stats.longest_silence_ms / 1000,
        elapsed=stats.elapsed_ms / 1000,
    )


def outcome_of(end: native.StreamEnd) -> Outcome:
    return Outcome(
        code=end.code,
        message=end.message,
        cursor=end.cursor,
        error=end.error,
        status=end.status,
        headers=Headers((header.name, header.value) for header in end.headers),
        body=end.body,
        retry_after=seconds(end.retry_after_ms),
        timeout=end.timeout,
        offset=end.offset,
        limit=end.limit,
        stats=stats_of(end.stats),
    )


def state_of(state: native.StreamState) -> State:
    return State(state.name, seconds(state.delay_ms), state.outcome)
