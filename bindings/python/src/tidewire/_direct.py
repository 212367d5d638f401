"""What happens with every batch, by calls of plain numbers.

The generated code makes five calls for a batch, and nine if it waits on an event loop: with one event in it, they take longer than
everything else (`bench/compare.py`, "batches of one").
"""

from __future__ import annotations

import ctypes
import threading
from typing import Any

from . import _wire
from ._native import tidewire_ffi as native

_LATER, _ELSEWHERE = 0, -1
_FOREVER = 2**64 - 1
# In bytes. A buffer beyond the second one is given up after its use.
_FIRST_CAPACITY, _MOST_CAPACITY = 16 * 1024, 256 * 1024

_library: Any = native._UniffiLib
_TOLD = ctypes.CFUNCTYPE(None, ctypes.c_uint64)
_u32, _u64, _i64 = ctypes.c_uint32, ctypes.c_uint64, ctypes.c_int64

_take = _library.tidewire_direct_take
_take.argtypes = (_u64, _u64, _u32, ctypes.c_void_p, _u64, _TOLD, _u64)
_take.restype = _i64
_wait = _library.tidewire_direct_wait
_wait.argtypes = (_u64, _u64, _u32, ctypes.c_void_p, _u64, _u64)
_wait.restype = _i64
_leave = _library.tidewire_direct_leave
_leave.argtypes = (_u64,)
_leave.restype = None

_waiting: dict[int, Any] = {}
"""The futures of those who wait, by the number of their stream."""


def next_batch(stream: int, item: int, most: int, timeout_ms: int | None) -> _wire.Batch | None:
    """The next items of a stream, from `item` on; an empty batch if the time is up. `None` if the generated call is to be used, which says
    why."""
    limit = _FOREVER if timeout_ms is None else timeout_ms
    buffer = _buffer()
    while True:
        length = _wait(stream, item, most, buffer, len(buffer), limit)
        if length > 0:
            return _read(buffer, length)
        if length == _ELSEWHERE:
            return None
        buffer = ctypes.create_string_buffer(-length)


async def next_batch_async(stream: int, item: int, most: int) -> _wire.Batch | None:
    """The same, without blocking the thread."""
    while True:
        future = _wire.create_future()
        # It may be told before the call returns.
        _waiting[stream] = future
        buffer = _buffer()
        length = _take(stream, item, most, buffer, len(buffer), _told, stream)
        while length < _ELSEWHERE:
            buffer = ctypes.create_string_buffer(-length)
            length = _take(stream, item, most, buffer, len(buffer), _told, stream)
        if length != _LATER:
            _waiting.pop(stream, None)
            return None if length == _ELSEWHERE else _read(buffer, length)
        _put_back(buffer)
        try:
            await future
        except BaseException:
            if _waiting.pop(stream, None) is not None:
                _leave(stream)
            raise


def _tell(stream: int) -> None:
    # Called by the thread of the native library.
    future = _waiting.pop(stream, None)
    if future is not None:
        _wire.call_soon_threadsafe(_set, future)


_told = _TOLD(_tell)


def _set(future: Any) -> None:
    if not future.done():
        future.set_result(None)


_buffers = threading.local()


def _buffer() -> Any:
    """The buffer of this thread. It is taken away meanwhile: a signal's handler may read another stream."""
    return _buffers.__dict__.pop("one", None) or ctypes.create_string_buffer(_FIRST_CAPACITY)


def _put_back(buffer: Any) -> None:
    if len(buffer) <= _MOST_CAPACITY:
        _buffers.one = buffer


def _read(buffer: Any, length: int) -> _wire.Batch:
    data = ctypes.string_at(buffer, length)
    _put_back(buffer)
    return _wire.read_batch(data)
