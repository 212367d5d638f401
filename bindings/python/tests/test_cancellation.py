"""Consumers that are cancelled at random: no event is lost, and none is delivered twice."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import threading
from types import FrameType

import anyio
import pytest
from conftest import FIGURES, Serve

import tidewire

TIMES = 10_000 if os.environ.get("TIDEWIRE_LONG") == "1" else 1_000


def check(what: str, ids: list[str], times: int) -> None:
    numbers = [int(id) for id in ids]
    lost = set(range(1, max(numbers) + 1)) - set(numbers)
    twice = len(numbers) - len(set(numbers))
    FIGURES.append(f"{what}: {times} cancellations, {len(ids)} events, {len(lost)} lost, {twice} twice")
    assert not lost and not twice and numbers == sorted(numbers)
    assert len(numbers) > 100


@pytest.mark.anyio
@pytest.mark.parametrize("pace", ["waiting", "delivering", "slow"])
async def test_cancelled_tasks(serve: Serve, anyio_backend: str, pace: str) -> None:
    # An event each millisecond, as fast as they can be read, and ten times as fast as they are read.
    path = "/sse?interval_ms=1" if pace != "delivering" else "/chat?interval_ms=0&ids=1&events=1000000"
    chance = random.Random(f"{anyio_backend} {pace}")
    ids: list[str] = []

    async def consume() -> None:
        async for event in stream:
            ids.append(event.id)
            if pace == "slow":
                await anyio.sleep(0.01)

    cancelled = 0
    async with tidewire.stream(serve.url(path)) as stream:
        while cancelled < TIMES:
            # A deadline that has passed is a cancellation at the first wait.
            with anyio.move_on_after(chance.choice([0, chance.random() * 0.004])) as scope:
                await consume()
            assert scope.cancelled_caught
            cancelled += 1
        if not ids:
            ids.append((await anext(aiter(stream))).id)
        while len(ids) <= 100:
            ids.append((await anext(aiter(stream))).id)
    check(f"{anyio_backend}, {pace}", ids, cancelled)


def test_wait_for(serve: Serve) -> None:
    async def consume() -> None:
        chance = random.Random(7)
        ids: list[str] = []
        cancelled = 0
        async with tidewire.stream(serve.url("/sse?interval_ms=1")) as stream:
            events = aiter(stream)
            while cancelled < TIMES or len(ids) <= 100:
                try:
                    event = await asyncio.wait_for(anext(events), chance.random() * 0.002)
                    ids.append(event.id)
                except TimeoutError:
                    cancelled += 1
        check("asyncio.wait_for", ids, cancelled)

    asyncio.run(consume())


class Interrupted(BaseException):
    """What Ctrl-C raises, under another name."""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there is no interval timer on this system")
def test_interrupted_loops(serve: Serve) -> None:
    assert threading.current_thread() is threading.main_thread()

    def interrupt(_: int, frame: FrameType | None) -> None:
        # While the loop runs, and not while what it got is put away.
        if is_running:
            raise Interrupted

    chance = random.Random(7)
    ids: list[str] = []
    interrupted = 0
    is_running = False
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        # A stream has at most a million events, and a fast machine may need more.
        while interrupted < TIMES:
            earlier = len(ids)
            with tidewire.stream(serve.url("/chat?interval_ms=0&ids=1&events=1000000")) as stream:
                events = iter(stream)
                is_over = False
                while interrupted < TIMES and not is_over:
                    event = None
                    try:
                        is_running = True
                        signal.setitimer(signal.ITIMER_REAL, 0.0001 + chance.random() * 0.003)
                        for event in events:
                            ids.append(str(earlier + int(event.id)))
                        is_running = False
                        is_over = True
                    except Interrupted:
                        is_running = False
                        interrupted += 1
                    # The loop has the event, and was interrupted before it put it away.
                    if event is not None and ids[-1:] != [str(earlier + int(event.id))]:
                        ids.append(str(earlier + int(event.id)))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    check("for, interrupted by a signal", ids, interrupted)
