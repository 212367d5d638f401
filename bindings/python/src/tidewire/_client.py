"""Clients, and the options of streams."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, Union

from ._errors import raise_from
from ._items import Attempt, Gap, Problem, Replayed, Stall
from ._native import tidewire_ffi as native
from ._reader import Callbacks, Hook, Reader
from ._request import (
    Cursor,
    Dialect,
    Format,
    Pairs,
    RequestFunction,
    Seconds,
    bytes_of,
    cursor_of,
    headers_of,
    json_text,
    markers,
    milliseconds,
)
from ._stream import Stream


class Client:
    """What several streams share: connections, headers, and a limit on how many are open."""

    def __init__(
        self,
        *,
        base_url: str | None = None,
        headers: Pairs | None = None,
        secret_headers: Pairs | None = None,
        allowed_origins: Iterable[str] = (),
        ca_certificates: str | bytes | None = None,
        connect_timeout: Seconds | None = None,
        max_concurrent: int | None = None,
        queue_timeout: Seconds | None = None,
    ) -> None:
        """A client.

        Args:
            base_url: Put before the path of each request.
            headers: Sent with every request to the origin of `base_url`, or else of the first request.
            secret_headers: The same, and never shown nor taken elsewhere.
            allowed_origins: URLs of other origins that get these headers.
            ca_certificates: PEM of authorities that are trusted besides the platform's.
            connect_timeout: Until TCP and TLS are established; 10 s by default, 0 for no limit.
            max_concurrent: How many streams may be open at a time. Others wait in order.
            queue_timeout: How long a stream may wait for that.
        """
        if isinstance(ca_certificates, bytes):
            ca_certificates = ca_certificates.decode("ascii", "replace")
        settings = native.ClientSettings(
            base_url=base_url,
            headers=headers_of(headers),
            secret_headers=headers_of(secret_headers),
            allowed_origins=list(allowed_origins),
            ca_certificates=ca_certificates,
            connect_timeout=milliseconds("connect_timeout", connect_timeout),
            max_concurrent=max_concurrent,
            queue_timeout=milliseconds("queue_timeout", queue_timeout),
        )
        try:
            self._native = native.NativeClient(settings)
        except (native.NativeError, native.InternalError, TypeError, ValueError) as error:
            raise_from(error)

    def stream(
        self,
        url: str,
        *,
        # The request.
        method: str | None = None,
        query: Pairs | None = None,
        headers: Pairs | None = None,
        secret_headers: Pairs | None = None,
        body: str | bytes | bytearray | memoryview | None = None,
        json: Any = None,
        form: Pairs | None = None,
        prepare: RequestFunction | None = None,
        refresh: RequestFunction | None = None,
        # How the response is read.
        format: Format | None = None,
        max_event_bytes: int | None = None,
        skip_oversized: bool = False,
        deliver_unterminated: bool = False,
        end_on: str | Sequence[str] | None = None,
        fail_on: str | Sequence[str] | None = None,
        heartbeat_on: str | Sequence[str] | None = None,
        # When it is sent again.
        follow: bool = False,
        idempotent: bool = False,
        idempotency_key: str | None = None,
        resume: Union[Literal["auto", "always", "never"], RequestFunction, None] = None,
        cursor: Cursor | None = None,
        last_event_id: str | None = None,
        dedupe: bool = False,
        retry_attempts: int | None = None,
        retry_delay: Seconds | None = None,
        # Limits on time.
        first_event_timeout: Seconds | None = None,
        idle_timeout: Seconds | None = None,
        progress_timeout: Seconds | None = None,
        timeout: Seconds | None = None,
        stall_after: Seconds | None = None,
        # What is reported.
        on_attempt: Callable[[Attempt], object] | None = None,
        on_stall: Callable[[Stall], object] | None = None,
        on_gap: Callable[[Gap], object] | None = None,
        on_replayed: Callable[[Replayed], object] | None = None,
        on_bad_record: Callable[[Problem], object] | None = None,
    ) -> Stream:
        """A stream. Nothing is sent before a loop over it begins.

        Times are seconds or a `timedelta`; 0 turns a limit off.

        Args:
            url: The URL, or the path after the client's `base_url`.
            method: GET by default, and POST with a body.
            query: Added to the URL's query.
            headers: Headers of the request.
            secret_headers: Headers that are never shown nor taken to another origin.
            body: The body as text or bytes.
            json: The body as a value that is written as JSON.
            form: The body as fields of a form.
            prepare: Called for each attempt, last: headers, URL and body are as they would be sent, so that they can be signed.
            refresh: Renews what the request carries after a 401, once in a row. Its changes apply to all later attempts.
            format: The format of the response; by default its content type decides.
            max_event_bytes: The most bytes of one record; 16 MiB by default.
            skip_oversized: Leave out records beyond that, and report them to `on_bad_record`.
            deliver_unterminated: Deliver an SSE block whose blank line is missing at the end.
            end_on: End markers: a value such as `[DONE]`, `event:NAME`, or `json:PATH=VALUE`. An empty list turns the default off.
            fail_on: Failure markers, `event:error` by default. An empty list turns the default off.
            heartbeat_on: Heartbeat markers.
            follow: A subscription: connects again after every end, without limit.
            idempotent: Sending the request twice has the same effect as sending it once.
            idempotency_key: The same, with one `Idempotency-Key` for all attempts.
            resume: `auto`, `always`, `never`, or a function that makes the request which continues after `request.cursor`.
            cursor: Where the cursor is in formats without event ids.
            last_event_id: Where an earlier stream stopped.
            dedupe: Leave out records that an earlier attempt delivered.
            retry_attempts: Retries in a row, not counting the first request; 3 by default.
            retry_delay: The upper bound of the first wait; 1 s by default.
            first_event_timeout: From sending the request to the first record; off by default.
            idle_timeout: Silence on the wire; 300 s by default.
            progress_timeout: Time without records; off by default.
            timeout: The whole stream; off by default.
            stall_after: Silence that is reported to `on_stall`; 15 s by default.
            on_attempt: Called before each request; in a loop over `frames`, before each but the first.
            on_stall: Called when the wire has been silent for `stall_after`.
            on_gap: Called where records are missing, or may be.
            on_replayed: Called when a response repeats records.
            on_bad_record: Called for a record that cannot be read. Without it such a record is logged.
        """
        resume_function = resume if callable(resume) else None
        settings = native.RequestSettings(
            method=method,
            url=url,
            query=headers_of(query),
            headers=headers_of(headers),
            secret_headers=headers_of(secret_headers),
            body=bytes_of(body),
            json=json_text(json),
            form=None if form is None else headers_of(form),
            format=format,
            max_event_bytes=max_event_bytes,
            skip_oversized=skip_oversized,
            deliver_unterminated=deliver_unterminated,
            end_on=markers(end_on),
            fail_on=markers(fail_on),
            heartbeat_on=markers(heartbeat_on) or [],
            follow=follow,
            idempotent=idempotent,
            idempotency_key=idempotency_key,
            resume=None if callable(resume) else resume,
            cursor=cursor_of(cursor),
            last_event_id=last_event_id,
            dedupe=dedupe,
            retry_attempts=retry_attempts,
            retry_delay=milliseconds("retry_delay", retry_delay),
            first_event_timeout=milliseconds("first_event_timeout", first_event_timeout),
            idle_timeout=milliseconds("idle_timeout", idle_timeout),
            progress_timeout=milliseconds("progress_timeout", progress_timeout),
            timeout=milliseconds("timeout", timeout),
            stall_after=milliseconds("stall_after", stall_after),
        )
        reader = Reader(Callbacks(on_attempt, on_stall, on_gap, on_replayed, on_bad_record))

        def hook(function: RequestFunction | None) -> Hook | None:
            return None if function is None else Hook(function, reader)

        def open_native(kind: native.StreamKind, dialect: Dialect | None) -> native.NativeStream:
            settings.dialect = dialect
            hooks = native.RequestHooks(prepare=hook(prepare), refresh=hook(refresh), resume=hook(resume_function))
            try:
                return self._native.open(kind, settings, hooks)
            except (native.NativeError, native.InternalError, TypeError, ValueError) as error:
                raise_from(error)

        return Stream(open_native, reader)


stream = Client().stream
