"""Reads what the native library hands over, and adapts the generated module.

The generated code reads and writes buffers field by field and byte by byte: that takes twice as long for an event, and 100 ms for a body
of a megabyte. The rare items still go through the generated code, and `tests/test_wire.py` compares the two.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import struct
import sys
import threading
from asyncio.events import _get_running_loop
from collections.abc import Callable
from typing import Any, NamedTuple, cast

from . import _deltas as deltas
from . import _items as items
from ._native import tidewire_ffi as native
from ._outcome import Outcome, outcome_of

_generated: Any = native
_int = struct.Struct(">i").unpack_from
_two_ints = struct.Struct(">ii").unpack_from
_long = struct.Struct(">Q").unpack_from


class Batch(NamedTuple):
    """Items, and how the stream ended if no item follows them."""

    items: list[Any]
    outcome: Outcome | None


# The numbers of the variants, in the order in which the native library declares them.
_EVENT, _RECORD, _TEXT, _REPLY = 1, 2, 3, 4
_TEXT_DELTA, _REASONING_DELTA = 2, 3


def read_batch(data: bytes) -> Batch:
    """Reads the bytes of a batch."""
    # Every item is read by two numbers first, and the last one may be shorter than that.
    data += bytes(4)
    (count,) = _int(data, 0)
    at = 4
    found: list[Any] = []
    add = found.append
    event, record, text, text_delta = items.Event, items.Record, items.Text, deltas.TextDelta
    for _ in range(count):
        kind, size = _two_ints(data, at)
        if kind == _EVENT:
            at += 8
            end = at + size
            name = data[at:end].decode()
            at = end + 4
            end = at + _int(data, end)[0]
            content = data[at:end].decode()
            at = end + 4
            end = at + _int(data, end)[0]
            add(event(name, content, data[at:end].decode()))
            at = end
        elif kind == _REPLY and size in (_TEXT_DELTA, _REASONING_DELTA):
            choice, length = _two_ints(data, at + 8)
            at += 16
            end = at + length
            content = data[at:end].decode()
            add(text_delta(choice, content) if size == _TEXT_DELTA else deltas.ReasoningDelta(choice, content))
            at = end
        elif kind == _TEXT:
            at += 8
            end = at + size
            add(text(data[at:end].decode()))
            at = end
        elif kind == _RECORD:
            at += 4
            index = None
            if data[at]:
                (index,) = _long(data, at + 1)
                at += 8
            at += 5
            end = at + _int(data, at - 4)[0]
            add(record(index, data[at:end].decode()))
            at = end
        else:
            stream = _stream(data, at)
            add(item_of(_generated._UniffiFfiConverterTypeItem.read(stream)))
            at = stream.offset
    outcome = None
    if data[at]:
        stream = _stream(data, at + 1)
        outcome = outcome_of(_generated._UniffiFfiConverterTypeStreamEnd.read(stream))
    return Batch(found, outcome)


def _stream(data: bytes, at: int) -> Any:
    stream = _generated._UniffiRustBufferStream(data, len(data))
    stream.offset = at
    return stream


def item_of(item: Any) -> Any:
    """A generated item as one of this package."""
    return _ITEMS[type(item)](item)


def _problem(item: Any) -> items.Problem:
    return items.Problem(item.code, item.message, item.offset, item.limit)


def _attempt(item: Any) -> items.Attempt:
    asked = None if item.asked_ms is None else item.asked_ms / 1000
    return items.Attempt(item.number, item.delay_ms / 1000, item.reason, item.cursor, asked, item.error)


def _usage(delta: Any) -> deltas.UsageDelta:
    usage = delta.usage
    return deltas.UsageDelta(
        usage.input_tokens,
        usage.output_tokens,
        usage.total_tokens,
        usage.reasoning_tokens,
        usage.cached_tokens,
        usage.cache_write_tokens,
    )


_Item: Any = native.Item
_Delta: Any = native.Delta

_ITEMS: dict[type, Callable[[Any], Any]] = {
    _Item.EVENT: lambda item: items.Event(item.event, item.data, item.id),
    _Item.RECORD: lambda item: items.Record(item.index, item.json),
    _Item.TEXT: lambda item: items.Text(item.text),
    _Item.REPLY: lambda item: _DELTAS[type(item.delta)](item.delta),
    _Item.COMMENT: lambda item: items.Comment(item.comment),
    _Item.RETRY: lambda item: items.Retry(item.ms / 1000),
    _Item.PROBLEM: _problem,
    _Item.ATTEMPT: _attempt,
    _Item.STALL: lambda item: items.Stall(item.silent_ms / 1000),
    _Item.GAP: lambda item: items.Gap(item.after),
    _Item.REPLAYED: lambda item: items.Replayed(item.id),
}

_DELTAS: dict[type, Callable[[Any], Any]] = {
    _Delta.START: lambda delta: deltas.StartDelta(delta.id, delta.model, delta.created),
    _Delta.TEXT: lambda delta: deltas.TextDelta(delta.choice, delta.text),
    _Delta.REASONING: lambda delta: deltas.ReasoningDelta(delta.choice, delta.text),
    _Delta.REFUSAL: lambda delta: deltas.RefusalDelta(delta.choice, delta.text),
    _Delta.TOOL_CALL: lambda delta: deltas.ToolCallDelta(delta.choice, delta.index, delta.id, delta.name),
    _Delta.ARGUMENTS: lambda delta: deltas.ArgumentsDelta(delta.choice, delta.index, delta.fragment),
    _Delta.USAGE: _usage,
    _Delta.CITATION: lambda delta: deltas.CitationDelta(delta.choice, delta.url, delta.title),
    _Delta.FINISH: lambda delta: deltas.FinishDelta(delta.choice, delta.reason, delta.said),
    _Delta.ERROR: lambda delta: deltas.ErrorDelta(delta.kind, delta.message, delta.retryable),
    _Delta.OTHER: lambda delta: deltas.OtherDelta(delta.name, delta.json),
}


def _lift_batch(buffer: Any) -> Batch:
    try:
        return read_batch(ctypes.string_at(buffer.data, buffer.len))
    finally:
        buffer.free()


def _write(builder: Any, value: Any) -> None:
    size = len(value)
    buffer = builder.rbuf
    if buffer.len + size > buffer.capacity:
        buffer = builder.rbuf = _generated._UniffiRustBuffer.reserve(buffer, size)
    _append(buffer, bytes(value))


def _pack_into(builder: Any, _: int, format: str, value: Any) -> None:
    _write(builder, struct.pack(format, value))


def _lower_optional_long(value: int | None) -> Any:
    # The limit on each wait.
    buffer = _generated._UniffiRustBuffer.alloc(9)
    buffer.len = 0
    _append(buffer, b"\0" if value is None else struct.pack(">BQ", 1, value))
    return buffer


def _append(buffer: Any, value: bytes) -> None:
    if value:
        start = ctypes.cast(buffer.data, ctypes.c_void_p).value
        assert start is not None
        ctypes.memmove(start + buffer.len, value, len(value))
        buffer.len += len(value)


def create_future() -> Any:
    """A future of the event loop of this task, asyncio's or trio's."""
    return _AnyLoop.create_future()


def call_soon_threadsafe(callback: Callable[..., None], future: Any, *arguments: Any) -> None:
    """Calls a function with a future on the future's own loop, unless that is over."""
    _AnyLoop.call_soon_threadsafe(callback, future, *arguments)


class _AnyLoop:
    """Stands in for the event loop of the generated code: each wait belongs to the loop of its own task, asyncio's or trio's."""

    @staticmethod
    def create_future() -> Any:
        # Without trio among the modules no task of it can run.
        trio = sys.modules.get("trio")
        if trio is not None and is_in_trio(trio):
            return _TrioFuture(trio)
        return asyncio.get_running_loop().create_future()

    @staticmethod
    def call_soon_threadsafe(callback: Callable[..., None], future: Any, *arguments: Any) -> None:
        try:
            if isinstance(future, _TrioFuture):
                future.token.run_sync_soon(callback, future, *arguments)
                return
            loop = future.get_loop()
            if _get_running_loop() is loop:
                # A poll that is ready at once says so from within, and then nothing has to wait for a turn of the loop.
                callback(future, *arguments)
            else:
                loop.call_soon_threadsafe(callback, future, *arguments)
        except RuntimeError:
            # The loop is over, and so is the task that waited. Trio's RunFinishedError is one of these too.
            pass


def is_in_trio(trio: Any) -> bool:
    """Whether the code runs in a task of trio."""
    in_trio_run = getattr(trio.lowlevel, "in_trio_run", None)
    if in_trio_run is not None:
        return bool(in_trio_run())
    try:
        trio.lowlevel.current_trio_token()
    except RuntimeError:
        return False
    return True


class _TrioFuture:
    """A result that one task of trio waits for."""

    def __init__(self, trio: Any) -> None:
        self.token = trio.lowlevel.current_trio_token()
        self._event = trio.Event()
        self._result: Any = None

    def cancelled(self) -> bool:
        return False

    def done(self) -> bool:
        return bool(self._event.is_set())

    def set_result(self, result: Any) -> None:
        self._result = result
        self._event.set()

    def __await__(self) -> Any:
        yield from self._event.wait().__await__()
        return self._result


_HANDLE_MAPS = (
    "_UniffiContinuationHandleMap",
    "_UniffiFfiConverterTypeRequestHook._handle_map",
)


def _renew_locks() -> None:
    # In a forked child another thread of the parent may hold them for ever. Reentrant, because the garbage collector may run
    # while one is held, and free an object of the same map.
    for path in _HANDLE_MAPS:
        place = _generated
        for name in path.split("."):
            place = getattr(place, name)
        place._lock = threading.RLock()


_generated._UniffiFfiConverterTypeBatch.lift = _lift_batch
# A structure of ctypes begins as zeros, which is what the generated code writes into it field by field, 1 µs for each call.
_generated._UniffiRustCallStatus.default = _generated._UniffiRustCallStatus
_generated._UniffiRustBufferBuilder.write = _write
_generated._UniffiRustBufferBuilder._pack_into = _pack_into
_generated._UniffiFfiConverterOptionalUInt64.lower = _lower_optional_long
native.uniffi_set_event_loop(cast(Any, _AnyLoop()))
_renew_locks()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_locks)
