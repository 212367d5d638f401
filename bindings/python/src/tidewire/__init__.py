"""A streaming HTTP client: exact parsing, safe retries, resume, and honest outcomes.

    async with tidewire.stream(url, json=body) as stream:
        async for event in stream:
            print(event.data)
"""

from . import _exit as _exit
from ._client import Client, stream
from ._decode import Decoded, Decoder, compact_json, decode
from ._deltas import (
    ArgumentsDelta,
    CitationDelta,
    Delta,
    ErrorDelta,
    FinishDelta,
    Message,
    OtherDelta,
    ReasoningDelta,
    RefusalDelta,
    StartDelta,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    UsageDelta,
)
from ._errors import (
    BadRecordError,
    FailedError,
    InternalError,
    RefusedError,
    StoppedError,
    TidewireError,
    TimedOutError,
    TruncatedError,
    UnreachableError,
    UnreadableError,
    UsageError,
)
from ._headers import Headers
from ._items import Attempt, Comment, Event, Frame, Gap, Notice, Problem, Record, Replayed, Retry, Stall, Text
from ._native.tidewire_ffi import forget_connections as forget_connections
from ._native.tidewire_ffi import version as _version
from ._outcome import Outcome, State, Stats
from ._request import AttemptRequest, Cursor, Dialect, Format, RequestFunction, Seconds
from ._stream import Items, Stream

__version__: str = _version()

__all__ = [
    "ArgumentsDelta",
    "Attempt",
    "AttemptRequest",
    "BadRecordError",
    "CitationDelta",
    "Client",
    "Comment",
    "Cursor",
    "Decoded",
    "Decoder",
    "Delta",
    "Dialect",
    "ErrorDelta",
    "Event",
    "FailedError",
    "FinishDelta",
    "Format",
    "Frame",
    "Gap",
    "Headers",
    "InternalError",
    "Items",
    "Message",
    "Notice",
    "OtherDelta",
    "Outcome",
    "Problem",
    "ReasoningDelta",
    "Record",
    "RefusalDelta",
    "RefusedError",
    "Replayed",
    "RequestFunction",
    "Retry",
    "Seconds",
    "Stall",
    "StartDelta",
    "State",
    "Stats",
    "StoppedError",
    "Stream",
    "Text",
    "TextDelta",
    "TidewireError",
    "TimedOutError",
    "ToolCall",
    "ToolCallDelta",
    "TruncatedError",
    "UnreachableError",
    "UnreadableError",
    "UsageDelta",
    "UsageError",
    "compact_json",
    "decode",
    "forget_connections",
    "stream",
]
