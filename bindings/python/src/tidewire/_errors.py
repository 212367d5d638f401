"""Errors. Each has the `code` that the same error has in every language."""

from __future__ import annotations

from typing import Any, NoReturn, cast

from ._headers import Headers
from ._items import Problem
from ._native import tidewire_ffi as native
from ._outcome import Outcome, Stats


class TidewireError(Exception):
    """A stream did not come to its end, or a call cannot be carried out."""

    code: str = "internal"
    """The same string in every language."""

    def __init__(self, message: str, outcome: Outcome | None = None) -> None:
        super().__init__(message)
        self.outcome = outcome
        """How the stream ended; `None` for a call that cannot be carried out."""

    @property
    def cursor(self) -> str | None:
        """The cursor from which a later stream can continue."""
        return self.outcome.cursor if self.outcome else None

    @property
    def stats(self) -> Stats:
        """What the stream received."""
        return self.outcome.stats if self.outcome else Stats()

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (str(self), self.outcome))


class UsageError(TidewireError, ValueError):
    """The caller's mistake: an option, a URL, a header, or a call at the wrong time. Nothing was sent."""

    code = "usage"


class TruncatedError(TidewireError):
    """The body ended before its marker or inside a record, and could not be resumed."""

    code = "truncated"


class FailedError(TidewireError):
    """The server reported an error inside the stream."""

    code = "failed"


class RefusedError(TidewireError):
    """The status or the content type of the response cannot be accepted."""

    code = "refused"

    @property
    def status(self) -> int:
        """The HTTP status."""
        return (self.outcome.status if self.outcome else None) or 0

    @property
    def headers(self) -> Headers:
        """The headers of the response."""
        return self.outcome.headers if self.outcome else Headers()

    @property
    def body(self) -> bytes:
        """The body of the response, up to 64 KiB."""
        return (self.outcome.body if self.outcome else None) or b""

    @property
    def retry_after(self) -> float | None:
        """The wait that the server asked for, if it was too long to be honoured, in seconds."""
        return self.outcome.retry_after if self.outcome else None


class TimedOutError(TidewireError, TimeoutError):
    """A limit on time passed."""

    code = "timed_out"

    @property
    def timeout(self) -> str:
        """Which one: `connect`, `first_event`, `idle`, `progress`, `total` or `queue`."""
        return (self.outcome.timeout if self.outcome else None) or ""


class UnreachableError(TidewireError, ConnectionError):
    """No attempt brought a record."""

    code = "unreachable"


class UnreadableError(TidewireError):
    """The body cannot be decoded, or a record exceeds its limit."""

    code = "unreadable"

    @property
    def offset(self) -> int | None:
        """Where, in bytes of the decoded body."""
        return self.outcome.offset if self.outcome else None

    @property
    def limit(self) -> int | None:
        """The limit that a record exceeds, in bytes."""
        return self.outcome.limit if self.outcome else None


class StoppedError(TidewireError):
    """The stream was stopped."""

    code = "cancelled"


class BadRecordError(TidewireError):
    """A record does not fit the model. The stream can be read further."""

    code = "bad_record"

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem
        """What is wrong with it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.problem,))


class InternalError(TidewireError):
    """A defect of this library."""

    code = "internal"


_CLASSES: dict[str, type[TidewireError]] = {
    kind.code: kind
    for kind in (
        UsageError,
        TruncatedError,
        FailedError,
        RefusedError,
        TimedOutError,
        UnreachableError,
        UnreadableError,
        StoppedError,
    )
}


# The generated module adds the kinds of an error to it in a way that type checkers do not see.
_NATIVE_USAGE: Any = cast(Any, native.NativeError).Usage


def error_of(outcome: Outcome) -> TidewireError:
    """The error of a stream that did not come to its end."""
    return _CLASSES.get(outcome.code, InternalError)(outcome.message, outcome)


def raise_from(error: Exception) -> NoReturn:
    """Raises an error of the native library as one of this package."""
    if isinstance(error, _NATIVE_USAGE):
        raise UsageError(error.reason) from None
    if isinstance(error, (TypeError, ValueError)):
        # A value of a type that the native library does not take.
        raise UsageError(str(error)) from error
    raise InternalError(getattr(error, "reason", str(error))) from error
