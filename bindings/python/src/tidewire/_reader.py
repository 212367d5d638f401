"""Takes the items of a stream in numbered batches, so that none is lost and none is delivered twice.

The native library keeps a batch until the next call acknowledges it. So a call that is cancelled loses nothing, if these rules hold:

- After a call nothing awaits until its batch is stored, with its end, by one assignment of one object. An exception (KeyboardInterrupt
  too) leaves that either undone or done.
- An item counts as taken in the moment in which it is returned. No call stands between the two, since CPython looks for signals and for
  other threads after calls.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import sys
import threading
import weakref
from collections.abc import Callable, Coroutine
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any, cast

from . import _direct, _wire
from ._errors import StoppedError, UsageError, error_of, raise_from
from ._exit import exiting, rest_if_exiting
from ._items import Attempt, Gap, Problem, Replayed, Stall
from ._native import tidewire_ffi as native
from ._outcome import Outcome
from ._request import AttemptRequest, RequestFunction

log = logging.getLogger("tidewire")

MOST = 256
"""How many items a batch has at most (`bench/compare.py`)."""

SLICE = 0.1
"""How long a thread waits before it looks whether Ctrl-C was pressed, in seconds."""


class Taken:
    """A batch, and how much of it the consumer has taken."""

    __slots__ = ("at", "first", "items", "outcome")

    def __init__(self, items: list[Any], first: int, outcome: Outcome | None) -> None:
        self.items = items
        self.at = 0
        self.first = first
        """The number of the first of the items."""
        self.outcome = outcome
        """How the stream ended, if no item follows these."""


class Callbacks:
    """The caller's functions for notices. The consumer's own thread or task calls them where a notice stands between the records."""

    def __init__(
        self,
        on_attempt: Callable[[Attempt], object] | None,
        on_stall: Callable[[Stall], object] | None,
        on_gap: Callable[[Gap], object] | None,
        on_replayed: Callable[[Replayed], object] | None,
        on_bad_record: Callable[[Problem], object] | None,
    ) -> None:
        self._by_notice: dict[type, Callable[[Any], object] | None] = {
            Attempt: on_attempt,
            Stall: on_stall,
            Gap: on_gap,
            Replayed: on_replayed,
            Problem: on_bad_record,
        }
        for notice, function in self._by_notice.items():
            if inspect.iscoroutinefunction(function):
                raise UsageError(f"the function for {notice.__name__} is a coroutine function, but it is not awaited")

    def call(self, notice: Any) -> bool:
        """Calls the function for a notice; false if there is none."""
        function = self._by_notice[type(notice)]
        if function is None:
            return False
        function(notice)
        return True


class Reader:
    """A native stream, and the batch that is being consumed."""

    def __init__(self, callbacks: Callbacks) -> None:
        self.callbacks = callbacks
        self.batch = Taken([], 0, None)
        self.run: Callable[[RequestFunction, AttemptRequest], None] | None = None
        """Runs a coroutine function on the event loop of the present consumer, and waits for it."""
        self.failure: BaseException | None = None
        """What a function of the caller raised in the last attempt."""
        self.native: native.NativeStream
        self._direct: int | None = None
        """The number of the native stream for direct calls."""
        self._is_read = False

    @property
    def taken(self) -> int:
        """How many items the consumer has taken."""
        batch = self.batch
        return batch.first + batch.at

    def fill(self) -> bool:
        """Waits for the next batch; false at an end that is a success."""
        if self._is_over():
            return False
        # Signals are handled by the main thread alone.
        is_main = threading.current_thread() is threading.main_thread()
        slice_ms = int(SLICE * 1000) if is_main else None
        self._check_alone()
        self._is_read = True
        try:
            self.run = None
            first = self.taken
            while True:
                batch: Any = _direct.next_batch(self._number(), first, MOST, slice_ms)
                if batch is None:
                    batch = self.native.next_batch_blocking(first, MOST, slice_ms)
                if self._store(batch, first):
                    break
        except (native.NativeError, native.InternalError) as error:
            raise_from(error)
        finally:
            self._is_read = False
        return True

    async def fill_async(self) -> bool:
        """The same, without blocking the thread."""
        if self._is_over():
            return False
        runner = _runner()
        self._check_alone()
        self._is_read = True
        try:
            self.run = runner
            first = self.taken
            # An empty batch comes after an interruption.
            while True:
                batch: Any = await _direct.next_batch_async(self._number(), first, MOST)
                if batch is None:
                    batch = await self.native.next_batch(first, MOST)
                if self._store(batch, first):
                    break
        except (native.NativeError, native.InternalError) as error:
            raise_from(error)
        finally:
            self._is_read = False
        return True

    def use(self, chosen: native.NativeStream) -> None:
        """Reads this native stream from now on."""
        self.native = chosen
        self._direct = None

    def _number(self) -> int:
        if self._direct is None:
            self._direct = self.native.direct()
        return self._direct

    def report(self, notice: Any) -> None:
        """Calls the function for a notice."""
        if not self.callbacks.call(notice) and isinstance(notice, Problem):
            log.warning("a record was left out: %s", notice.message)

    def _store(self, batch: _wire.Batch, first: int) -> bool:
        self.batch = Taken(batch.items, first, batch.outcome)
        return bool(batch.items) or batch.outcome is not None

    def _is_over(self) -> bool:
        """Raises an end that is no success."""
        outcome = self.batch.outcome
        if outcome is None:
            return False
        if outcome.is_success:
            return True
        rest_if_exiting()
        error = error_of(outcome)
        raise error from (None if isinstance(error, StoppedError) else self.failure)

    def _check_alone(self) -> None:
        if self._is_read:
            raise UsageError("another task or thread reads this stream")


class Hook(native.RequestHook):
    """A function of the caller that changes the request of an attempt. The native library calls it on a thread of its own."""

    def __init__(self, function: RequestFunction, reader: Reader) -> None:
        self._function = function
        self._is_coroutine = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
            getattr(function, "__call__", None)
        )
        # The native stream holds the hook, so the hook must not hold the stream.
        self._reader = weakref.ref(reader)

    def change(self, request: native.RequestView) -> native.RequestChanges:
        reader = self._reader()
        try:
            made = AttemptRequest(request)
            if reader is not None:
                reader.failure = None
            if not self._is_coroutine:
                self._function(made)
            elif reader is None or reader.run is None:
                raise UsageError("a coroutine function needs a consumer that iterates with `async for`")
            else:
                reader.run(self._function, made)
            return made._changes()
        except BaseException as error:
            if reader is not None:
                reader.failure = error
            # See `_errors` for the cast.
            raise cast(Any, native.HookError).Failed(str(error) or type(error).__name__) from error


def _runner() -> Callable[[RequestFunction, AttemptRequest], None]:
    """What runs a coroutine function on the event loop of this task."""
    trio = sys.modules.get("trio")
    if trio is not None and _wire.is_in_trio(trio):
        token = trio.lowlevel.current_trio_token()

        def run_on_trio(function: RequestFunction, request: AttemptRequest) -> None:
            trio.from_thread.run(function, request, trio_token=token)

        return run_on_trio
    loop = asyncio.get_running_loop()

    def run_on_asyncio(function: RequestFunction, request: AttemptRequest) -> None:
        coroutine = cast(Coroutine[Any, Any, None], function(request))
        try:
            future = asyncio.run_coroutine_threadsafe(coroutine, loop)
        except RuntimeError:
            coroutine.close()
            raise
        while not future.done():
            if exiting.is_set() or loop.is_closed():
                raise StoppedError("the event loop is over")
            with contextlib.suppress(FutureTimeoutError, asyncio.CancelledError):
                future.exception(SLICE)
        future.result()

    return run_on_asyncio
