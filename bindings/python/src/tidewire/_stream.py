"""Streams, and the loops over what they deliver."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from types import TracebackType
from typing import Any, Generic, TypeVar, cast, overload

from ._deltas import Delta, Message
from ._errors import BadRecordError, UsageError
from ._items import NOTICES, Event, Frame
from ._native import tidewire_ffi as native
from ._outcome import Outcome, State, Stats, outcome_of, state_of, stats_of
from ._reader import Reader
from ._records import reader_of
from ._request import Dialect, Seconds, milliseconds

T = TypeVar("T")

_Kind = native.StreamKind


class Items(Generic[T]):
    """The items of a stream, for `async for` and for `for`.

    A call of `next` or `anext` that is cancelled loses nothing: the next call returns what the cancelled one would have returned.
    """

    __slots__ = ("_has_notices", "_make", "_reader")

    def __init__(self, reader: Reader, make: Callable[[Any], T] | None = None, has_notices: bool = False) -> None:
        self._reader = reader
        self._make = make
        self._has_notices = has_notices

    def __iter__(self) -> Iterator[T]:
        return self

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    # The two differ in how they wait and in nothing else. They are written twice because a shared function would be a call between
    # taking an item and returning it (see the rules of `_reader`), and would cost as much as all the rest.

    def __next__(self) -> T:
        while True:
            batch = self._reader.batch
            at = batch.at
            try:
                item = batch.items[at]
            except IndexError:
                if not self._reader.fill():
                    raise StopIteration from None
                continue
            if item.__class__ in NOTICES:
                if self._is_reported(item):
                    continue
            elif self._make is not None:
                try:
                    item = self._make(item)
                except BadRecordError as error:
                    batch.at = at + 1
                    if self._reader.callbacks.call(error.problem):
                        continue
                    raise
            batch.at = at + 1
            return item  # type: ignore[no-any-return]

    async def __anext__(self) -> T:
        while True:
            batch = self._reader.batch
            at = batch.at
            try:
                item = batch.items[at]
            except IndexError:
                if not await self._reader.fill_async():
                    raise StopAsyncIteration from None
                continue
            if item.__class__ in NOTICES:
                if self._is_reported(item):
                    continue
            elif self._make is not None:
                try:
                    item = self._make(item)
                except BadRecordError as error:
                    batch.at = at + 1
                    if self._reader.callbacks.call(error.problem):
                        continue
                    raise
            batch.at = at + 1
            return item  # type: ignore[no-any-return]

    def _is_reported(self, notice: Any) -> bool:
        """Calls the function for a notice. With that it is taken, unless it is to be returned as well."""
        batch = self._reader.batch
        if not self._has_notices:
            batch.at += 1
            self._reader.report(notice)
            return True
        try:
            self._reader.callbacks.call(notice)
        except Exception:
            batch.at += 1
            raise
        return False


class Stream:
    """A stream: a loop over its events, or over what `deltas`, `texts`, `records` or `frames` make of its response.

    Nothing is sent before the loop begins. Leaving the `with` block stops the stream and closes its connection. The loop ends when the
    stream is `complete` or `ended`, and raises a `TidewireError` after any other outcome.
    """

    def __init__(self, open_native: Callable[[native.StreamKind, Dialect | None], native.NativeStream], reader: Reader) -> None:
        self._open = open_native
        self._reader = reader
        self._dialect: Dialect | None = None
        self._kind: native.StreamKind | None = None
        self._is_paused = False
        self._is_stopped = False
        # Also checks the options.
        reader.use(open_native(_Kind.EVENTS, None))

    # What is read.

    def __aiter__(self) -> AsyncIterator[Event]:
        return self.events().__aiter__()

    def __iter__(self) -> Iterator[Event]:
        return self.events().__iter__()

    def events(self) -> Items[Event]:
        """The events of an SSE stream; what a loop over the stream itself yields."""
        return self._items(_Kind.EVENTS, None)

    def deltas(self, dialect: Dialect = "auto") -> Items[Delta]:
        """The deltas of an LLM's reply. `message` has what they add up to."""
        return self._items(_Kind.REPLY, dialect)

    def texts(self, dialect: Dialect | None = None) -> Items[str]:
        """Pieces of text: the response's own, the data of its events, or with a dialect the text of an LLM's reply."""
        return self._items(_Kind.TEXT, dialect, lambda item: cast(str, item.text))

    @overload
    def records(self) -> Items[Any]: ...
    @overload
    def records(self, model: type[T]) -> Items[T]: ...
    @overload
    def records(self, model: Callable[[Any], T]) -> Items[T]: ...
    def records(self, model: Any = None) -> Items[Any]:
        """JSON records of any format, as dicts, lists and so on.

        With a `model` they are values of that type: a dataclass, a model or type adapter of pydantic, or what a function makes of the
        parsed value. A record that does not fit is a `BadRecordError`, after which the loop can be continued; with `on_bad_record`
        that function is called instead, and the next record is read.
        """
        return self._items(_Kind.RECORDS, None, reader_of(model))

    def frames(self, dialect: Dialect | None = None) -> Items[Frame]:
        """Everything: records of any format, comments, and notices about the stream."""
        return self._items(_Kind.FRAMES, dialect, has_notices=True)

    # How it goes.

    @property
    def outcome(self) -> Outcome | None:
        """How the stream ended; `None` while it runs."""
        outcome = self._reader.batch.outcome
        if outcome is not None:
            return outcome
        end = self._reader.native.outcome()
        return None if end is None else outcome_of(end)

    @property
    def stats(self) -> Stats:
        """What the stream received so far."""
        return stats_of(self._reader.native.stats())

    @property
    def state(self) -> State:
        """What the stream is doing."""
        return state_of(self._reader.native.state())

    async def states(self) -> AsyncIterator[State]:
        """The present state, and each later one until the stream is closed. A state that lasts for a moment may be left out."""
        state = self.state
        yield state
        while state.name != "closed":
            watched = self._reader.native
            now = await watched.next_state(state.name)
            if watched is self._reader.native:
                state = state_of(now)
                yield state

    @property
    def last_event_id(self) -> str | None:
        """The cursor after what the loop has yielded, from which another stream can continue."""
        return self._reader.native.last_event_id(self._reader.taken)

    @property
    def message(self) -> Message | None:
        """The reply so far, in a loop over `deltas`."""
        text = self._reader.native.message()
        return None if text is None else Message.from_json(text)

    @property
    def format(self) -> str:
        """The format of the present response; `auto` before it is known."""
        return self._reader.native.format()

    @property
    def dialect(self) -> str | None:
        """The dialect in which the reply is read; `auto` until a record identifies it, `None` without a dialect."""
        return self._reader.native.dialect()

    # What can be done with it. All of these can be called from any thread.

    def pause(self) -> None:
        """Reads nothing until `resume`, although a loop may wait. The limits on silence stand still."""
        self._is_paused = True
        self._reader.native.pause()

    def resume(self) -> None:
        """Continues after `pause`."""
        self._is_paused = False
        self._reader.native.resume()

    def reconnect(self) -> None:
        """Connects again at once, if the request may be sent again: the network is back, or the stream seems dead."""
        self._reader.native.reconnect()

    def check(self, away: Seconds = 0) -> None:
        """Looks whether the stream is alive after an absence: the program was suspended, a laptop slept. `away` is how long that was.

        A stream that waits connects at once. If the absence or the silence was as long as `stall_after`, the connection gets a second
        to show that it is alive; then another request continues the stream, if that loses nothing.
        """
        self._reader.native.check(milliseconds("away", away) or 0)

    def stop(self) -> None:
        """Stops the stream and closes its connection. A loop over it yields what was read before, and then raises `StoppedError`."""
        self._is_stopped = True
        self._reader.native.stop()

    def __enter__(self) -> Stream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Stream:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<tidewire.Stream {self.state.name}>"

    def _items(
        self,
        kind: native.StreamKind,
        dialect: Dialect | None,
        make: Callable[[Any], Any] | None = None,
        has_notices: bool = False,
    ) -> Items[Any]:
        if self._kind is None:
            if (kind, dialect) != (_Kind.EVENTS, None):
                self._replace(self._open(kind, dialect))
            self._kind, self._dialect = kind, dialect
        elif (kind, dialect) != (self._kind, self._dialect):
            raise UsageError(f"the stream is read as {self._kind.name.lower()}; open another one to read it in another way")
        return Items(self._reader, make, has_notices)

    def _replace(self, chosen: native.NativeStream) -> None:
        if self._is_paused:
            chosen.pause()
        if self._is_stopped:
            chosen.stop()
        first = self._reader.native
        self._reader.use(chosen)
        # For those who wait for its state.
        first.stop()
