"""The list that every language runs, with `async for` on asyncio and trio, and with `for`."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Serve
from test_cases import snake

import tidewire

ROWS = json.loads((Path(__file__).parents[2] / "end_to_end.json").read_text(encoding="utf-8"))["rows"]
TIMES = {"retry_delay", "stall_after", "idle_timeout", "first_event_timeout", "progress_timeout", "timeout"}
RUN = itertools.count()


class Run:
    """A row that is being run, and what it brought."""

    def __init__(self, serve: Serve, row: dict[str, Any]) -> None:
        self.row = row
        self.records: list[Any] = []
        self.notices: list[str] = []
        self.error: tidewire.TidewireError | None = None
        options = {snake(name): value for name, value in row["settings"].items()}
        options.update({name: options[name] / 1000 for name in TIMES & options.keys()})
        self.dialect = options.pop("dialect", "auto")
        client = tidewire.Client(base_url=serve.base)
        self.stream = client.stream(
            row["path"].replace("{key}", f"python-{next(RUN)}"),
            **options,
            on_attempt=self._note("attempt"),
            on_stall=self._note("stall"),
            on_gap=self._note("gap"),
            on_replayed=self._note("replayed"),
            on_bad_record=lambda problem: self.notices.append(problem.code),
        )

    def _note(self, name: str) -> Callable[[object], None]:
        return lambda _: self.notices.append(name)

    def items(self) -> tidewire.Items[Any]:
        match self.row["kind"]:
            case "events":
                return self.stream.events()
            case "records":
                return self.stream.records()
            case "text":
                return self.stream.texts()
            case "reply":
                return self.stream.deltas(self.dialect)
            case _:
                return self.stream.frames()

    def take(self, item: Any) -> None:
        match item:
            case tidewire.Comment():
                self.notices.append("comment")
            case tidewire.Attempt() | tidewire.Stall() | tidewire.Problem() | tidewire.Retry():
                pass
            case _:
                self.records.append(item)

    def had(self, key: str) -> Any:
        outcome = self.stream.outcome
        assert outcome is not None
        match key:
            case "code":
                return outcome.code
            case "records":
                return len(self.records)
            case "ids":
                return [event.id for event in self.records] == [str(at + 1) for at in range(len(self.records))]
            case "text_begins":
                return "".join(self.records)
            case "attempts":
                return outcome.stats.attempts
            case "message":
                return outcome.message
            case "notices":
                return self.notices
            case "finish":
                message = self.stream.message
                return message and message.finish
            case _:
                return getattr(outcome, key)

    def check(self) -> None:
        for key, want in self.row["expect"].items():
            have = self.had(key)
            match key:
                case "message":
                    holds = want in have
                case "text_begins":
                    holds = have.startswith(want)
                case "notices":
                    holds = set(want) <= set(have)
                case _:
                    holds = have == want
            assert holds, f"{key} is {have!r}, not {want!r}; {self.stream.outcome}"
        outcome = self.stream.outcome
        assert outcome is not None
        assert (self.error is None) == outcome.is_success
        if self.error is not None:
            assert self.error.code == outcome.code
            for key in ("status", "timeout", "limit"):
                if key in self.row["expect"]:
                    assert getattr(self.error, key) == self.row["expect"][key]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_blocking(serve: Serve, row: dict[str, Any]) -> None:
    run = Run(serve, row)
    with run.stream:
        try:
            for item in run.items():
                run.take(item)
        except tidewire.TidewireError as error:
            run.error = error
    run.check()


@pytest.mark.anyio
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
async def test_async(serve: Serve, row: dict[str, Any]) -> None:
    run = Run(serve, row)
    async with run.stream:
        try:
            async for item in run.items():
                run.take(item)
        except tidewire.TidewireError as error:
            run.error = error
    run.check()
