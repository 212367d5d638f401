"""Streams against `tidewire serve`: what they do, and what the caller can do with them."""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import logging
import pickle
import threading
import time
import weakref
from datetime import timedelta
from typing import Any

import anyio
import pydantic
import pytest
from conftest import FIGURES, PATIENCE, Serve, median

import tidewire


@dataclasses.dataclass
class Content:
    role: str
    content: str


@dataclasses.dataclass
class Reply:
    model: str
    message: Content | None
    done: bool


def test_nothing_is_sent_before_the_loop(serve: Serve) -> None:
    with tidewire.stream(serve.url("/notify?interval_ms=0&test=unsent")) as stream:
        assert stream.state == tidewire.State("idle")
        stream.deltas()
        time.sleep(0.05)
    assert not [request for request in serve.log() if "unsent" in request["path"]]
    with pytest.raises(tidewire.StoppedError) as caught:
        next(iter(stream.deltas()))
    assert caught.value.code == "cancelled"


def test_a_loop_can_be_continued(serve: Serve) -> None:
    with tidewire.stream(serve.url("/notify?interval_ms=0")) as stream:
        for event in stream:
            if event.id == "3":
                break
        assert stream.last_event_id == "3"
        assert [event.id for event in stream] == [str(number) for number in range(4, 11)]
        assert stream.last_event_id == "10"
        assert stream.outcome and stream.outcome.code == "ended" and stream.outcome.is_success
        assert list(stream) == []
        with pytest.raises(tidewire.UsageError, match="read as events"):
            stream.texts()
    assert stream.stats.events == 10 and stream.stats.attempts == 1
    assert stream.state == tidewire.State("closed", outcome="ended")


def test_an_error_has_what_the_server_said(serve: Serve) -> None:
    with pytest.raises(tidewire.RefusedError, match="401") as caught:
        list(tidewire.stream(serve.url("/auth")))
    error = caught.value
    assert (error.code, error.status) == ("refused", 401)
    assert error.headers["WWW-Authenticate"] == "Bearer"
    assert b"Authorization" in error.body
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.status, str(again)) == (tidewire.RefusedError, 401, str(error))


def test_mistakes_are_named_before_anything_is_sent() -> None:
    for options, said in [
        ({"url": "localhost:80/x"}, "http"),
        ({"format": "xml"}, "ndjson"),
        ({"resume": "yes"}, "always"),
        ({"method": "a b"}, "method"),
        ({"json": object()}, "JSON"),
        ({"json": float("nan")}, "JSON"),
        ({"body": 5}, "bytes"),
        ({"body": b"", "json": 1}, "one body"),
        ({"end_on": "json:="}, "json:PATH=VALUE"),
        ({"headers": {"a b": "c"}}, "a b"),
        ({"idle_timeout": -1}, "idle_timeout"),
        ({"timeout": float("inf")}, "seconds"),
        ({"max_event_bytes": -1}, "0 <= value"),
        ({"cursor": tidewire.Cursor("a", "path", "b")}, "header"),  # type: ignore[arg-type]
    ]:
        given: dict[str, Any] = {"url": "http://localhost/", **options}  # type: ignore[dict-item]
        with pytest.raises(tidewire.UsageError, match=said):
            tidewire.stream(**given)
    with pytest.raises(tidewire.UsageError, match="openai-chat"):
        tidewire.stream("http://localhost/").deltas("gpt")
    with pytest.raises(ValueError):
        tidewire.Client(base_url="x")
    with pytest.raises(tidewire.UsageError, match="coroutine"):

        async def report(_: object) -> None:
            pass

        tidewire.stream("http://localhost/", on_stall=report)


def test_the_request_is_what_the_caller_says(serve: Serve) -> None:
    client = tidewire.Client(base_url=serve.base, headers={"x-client": "a"}, secret_headers={"x-api-key": "s"})
    options: list[dict[str, Any]] = [
        {"json": {"q": ["é", 1.5, None]}, "headers": [("x-two", "1"), ("x-two", "2")]},
        {"form": {"a": 1, "b": ["x y", True]}, "method": "put"},
        {"body": "text", "query": {"page": 2, "on": True}},
        {"body": memoryview(b"\x00" * 1_000_000)},
    ]
    for number, given in enumerate(options):
        path = f"/notify?interval_ms=0&test=request-{number}"
        list(client.stream(path, **given, retry_delay=timedelta(milliseconds=1)))
    log = {int(request["path"].split("request-")[1][0]): request for request in serve.log() if "request-" in request["path"]}
    assert log[0]["method"] == "POST" and log[0]["body"] == '{"q":["é",1.5,null]}'
    assert log[0]["headers"]["x-client"] == "a" and log[0]["headers"]["x-api-key"] == "present"
    assert "x-two" in log[0]["headers"]
    assert log[1]["method"] == "PUT" and log[1]["body"] == "a=1&b=x+y&b=true"
    assert log[2]["body"] == "text" and log[2]["path"].endswith("page=2&on=true")
    assert log[3]["body_bytes"] == 1_000_000


def test_records_are_values_of_the_callers_types(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    url = serve.url("/ndjson?interval_ms=0&events=2")

    class Model(pydantic.BaseModel):
        model: str
        done: bool

    class Strict(pydantic.BaseModel):
        nothing: str

    assert [type(record) for record in tidewire.stream(url).records()] == [dict] * 3
    assert [record.done for record in tidewire.stream(url).records(Model)] == [False, False, True]
    adapter = pydantic.TypeAdapter(dict[str, Any])
    assert [record["done"] for record in tidewire.stream(url).records(adapter.validate_python)] == [False, False, True]
    replies = list(tidewire.stream(url).records(Reply))
    assert isinstance(replies[0].message, Content) and replies[0].message.role == "assistant"
    assert list(tidewire.stream(url).records(len)) == [3, 3, 3]
    # What does not fit is an error, after which the loop goes on.
    stream = tidewire.stream(url)
    records = stream.records(Strict)
    for _ in range(3):
        with pytest.raises(tidewire.BadRecordError, match="nothing"):
            next(records)
    assert list(records) == []
    problems: list[tidewire.Problem] = []
    assert list(tidewire.stream(url, on_bad_record=problems.append).records(Strict)) == []
    assert [problem.code for problem in problems] == ["bad_record"] * 3
    # A record that cannot be read is logged, unless somebody hears of it.
    url = serve.url("/bigfinal?interval_ms=0&bytes=5000")
    with caplog.at_level(logging.WARNING, "tidewire"):
        list(tidewire.stream(url, max_event_bytes=1000, skip_oversized=True))
    assert "1000 bytes" in caplog.text


def test_texts_and_frames(serve: Serve) -> None:
    texts = tidewire.stream(serve.url("/llm?dialect=openai-chat&interval_ms=0"), json={}).texts("auto")
    assert "Sète" in "".join(texts)
    heard: list[object] = []
    url = serve.url("/flaky?interval_ms=0&events=20&key=frames")
    frames = list(tidewire.stream(url, retry_delay=0.001, on_attempt=heard.append).frames())
    assert {type(frame) for frame in frames} >= {tidewire.Event, tidewire.Retry, tidewire.Attempt}
    assert heard == [frame for frame in frames if isinstance(frame, tidewire.Attempt)] != []
    assert all(attempt.number > 1 and attempt.reason for attempt in frames if isinstance(attempt, tidewire.Attempt))


def test_an_exception_of_a_callback_leaves_the_loop_alone(serve: Serve) -> None:
    threads: list[threading.Thread] = []

    def on_attempt(attempt: tidewire.Attempt) -> None:
        threads.append(threading.current_thread())
        raise KeyError(attempt.number)

    url = serve.url("/flaky?interval_ms=0&events=20&key=raises")
    ids: list[str] = []
    raised = 0
    with tidewire.stream(url, retry_delay=0.001, on_attempt=on_attempt) as stream:
        while stream.outcome is None or not ids[-1:] == ["22"]:
            try:
                for event in stream:
                    ids.append(event.id)
                break
            except KeyError:
                raised += 1
    assert raised == len(threads) > 0 and set(threads) == {threading.current_thread()}
    assert ids == [str(number) for number in range(1, 23)]


def test_functions_change_the_request(serve: Serve) -> None:
    seen: list[tidewire.AttemptRequest] = []

    def prepare(request: tidewire.AttemptRequest) -> None:
        seen.append(request)
        assert threading.current_thread() is not threading.main_thread()
        request.set_header("authorization", f"Bearer {request.method} {request.attempt}")

    def refresh(request: tidewire.AttemptRequest) -> None:
        request.set_header("authorization", "Bearer new")

    def resume(request: tidewire.AttemptRequest) -> None:
        request.method = "GET"
        request.url = f"/notify?interval_ms=0&last_event_id={request.cursor}"
        request.body = None

    assert len(list(tidewire.stream(serve.url("/auth?interval_ms=0&events=3"), prepare=prepare))) > 3
    assert seen[0].attempt == 1 and seen[0].url.endswith("events=3") and "accept" in seen[0].headers
    attempts: list[tidewire.Attempt] = []
    url = serve.url("/auth?interval_ms=0&events=3")
    assert len(list(tidewire.stream(url, refresh=refresh, on_attempt=attempts.append, retry_delay=0.001))) > 3
    assert [attempt.reason for attempt in attempts] == [None, "status"]
    url = serve.url("/notify?interval_ms=0&cut_at=100")
    ids = [event.id for event in tidewire.stream(url, body=b"{}", resume=resume, retry_delay=0.001)]
    assert ids == [str(number) for number in range(1, 11)]


def test_a_function_that_fails_is_the_cause(serve: Serve) -> None:
    def prepare(_: tidewire.AttemptRequest) -> None:
        raise LookupError("no token")

    with pytest.raises(tidewire.UnreachableError, match="no token") as caught:
        list(tidewire.stream(serve.url("/auth"), prepare=prepare, retry_attempts=0))
    assert isinstance(caught.value.__cause__, LookupError)

    async def coroutine(_: tidewire.AttemptRequest) -> None:
        pass

    with pytest.raises(tidewire.UnreachableError, match="async for"):
        list(tidewire.stream(serve.url("/auth"), prepare=coroutine, retry_attempts=0))


def test_a_function_that_sleeps_delays_its_own_stream_alone(serve: Serve) -> None:
    def prepare(request: tidewire.AttemptRequest) -> None:
        time.sleep(1)
        request.set_header("authorization", "Bearer x")

    slow = threading.Thread(target=lambda: list(tidewire.stream(serve.url("/auth?interval_ms=0"), prepare=prepare)))
    slow.start()
    time.sleep(0.05)
    before = time.monotonic()
    list(tidewire.stream(serve.url("/notify?interval_ms=0")))
    assert time.monotonic() - before < 0.9 and slow.is_alive()
    slow.join(PATIENCE)


@pytest.mark.anyio
async def test_coroutine_functions_run_on_the_consumers_loop(serve: Serve) -> None:
    home = threading.current_thread()
    ran: list[bool] = []

    async def prepare(request: tidewire.AttemptRequest) -> None:
        await anyio.sleep(0.01)
        ran.append(threading.current_thread() is home)
        request.set_header("authorization", "Bearer x")

    async with tidewire.stream(serve.url("/auth?interval_ms=0&events=3"), prepare=prepare) as stream:
        count = len([event async for event in stream])
    assert ran == [True] and count > 3

    async def fails(request: tidewire.AttemptRequest) -> None:
        await anyio.sleep(0)
        raise TimeoutError("no token")

    with pytest.raises(tidewire.UnreachableError, match="no token") as caught:
        async for _ in tidewire.stream(serve.url("/auth"), prepare=fails, retry_attempts=0):
            pass
    assert isinstance(caught.value.__cause__, TimeoutError)


@pytest.mark.anyio
async def test_states_are_told(serve: Serve) -> None:
    names: list[str] = []

    async def watch() -> None:
        async for state in stream.states():
            names.append(state.name)

    async with anyio.create_task_group() as tasks, tidewire.stream(serve.url("/stall?interval_ms=0")) as stream:
        tasks.start_soon(watch)
        await anyio.sleep(0.02)
        texts = stream.texts()
        for _ in range(4):
            await anext(texts)
        stream.stop()
    assert (names[0], names[-1]) == ("idle", "closed") and "open" in names


def test_a_consumer_that_sleeps_stops_the_server(serve: Serve) -> None:
    with tidewire.stream(serve.url("/endless?test=backpressure")) as stream:
        events = iter(stream)
        first = next(events)
        time.sleep(0.3)
        received = stream.stats.bytes
        time.sleep(0.3)
        assert stream.stats.bytes == received < 200_000, "it reads ahead"
        assert first.data != next(events).data
    FIGURES.append(f"held for a consumer that sleeps: {received} bytes read from the connection")
    sent = serve.until_ended("backpressure")["bytes"]
    FIGURES.append(f"sent by an endless server to a consumer that sleeps: {sent / 1e6:.1f} MB (the system's buffers)")
    assert sent < 20_000_000


def test_a_paused_stream_reads_nothing(serve: Serve) -> None:
    with tidewire.stream(serve.url("/sse?interval_ms=10&test=pause"), idle_timeout=0.5) as stream:
        stream.pause()
        resumed = threading.Timer(0.3, stream.resume)
        resumed.start()
        before = time.monotonic()
        # Also after another way to read it was chosen.
        texts = iter(stream.texts())
        next(texts)
        assert time.monotonic() - before > 0.25
        stream.pause()
        threading.Timer(1, stream.resume).start()
        # The limit on silence stands still.
        for _ in range(20):
            next(texts)
    assert serve.until_ended("test=pause")["ended"] == "client_closed"


def test_a_silent_stream_is_taken_up_at_once(serve: Serve) -> None:
    attempts: list[tidewire.Attempt] = []
    with tidewire.stream(serve.url("/stall?interval_ms=0&ids=1"), on_attempt=attempts.append) as stream:
        events = iter(stream)
        for _ in range(4):
            next(events)
        threading.Timer(0.1, stream.reconnect).start()
        assert next(events).id == "5"
    assert [attempt.reason for attempt in attempts] == [None, "kick"] and attempts[1].cursor == "4"


def test_stop_closes_the_connection(serve: Serve) -> None:
    times: list[float] = []
    for number in range(20):
        stream = tidewire.stream(serve.url(f"/stall?interval_ms=0&test=stop-{number}-"))
        events = iter(stream)
        for _ in range(4):
            next(events)
        ended: list[BaseException] = []

        def wait(events: Any = events, ended: Any = ended) -> None:
            try:
                next(events)
            except tidewire.StoppedError as error:
                ended.append(error)

        # Half of them while another thread waits for an event.
        waiting = threading.Thread(target=wait)
        if number % 2:
            waiting.start()
            time.sleep(0.02)
        before = time.monotonic()
        stream.stop()
        if number % 2:
            waiting.join(PATIENCE)
            assert ended
        assert stream.outcome and stream.outcome.code == "cancelled"
        times.append(time.monotonic() - before)
        with pytest.raises(tidewire.StoppedError):
            next(events)
    FIGURES.append(f"stop → the loop has ended: median {median(times) * 1000:.1f} ms, at most {max(times) * 1000:.1f} ms")
    serve.clear()
    closed: list[float] = []
    for number in range(20):
        stream = tidewire.stream(serve.url(f"/stall?interval_ms=0&test=closed-{number}-"))
        events = iter(stream)
        for _ in range(4):
            next(events)
        # A request of its own says what the time is for the server.
        serve.ask(f"/gone?test=now-{number}-")
        stream.stop()
        response = serve.until_ended(f"closed-{number}-")
        now = next(request for request in serve.log() if f"now-{number}-" in request["path"])["started_ms"]
        closed.append((response["ended_ms"] - now) / 1000)
        assert response["ended"] == "client_closed"
    FIGURES.append(
        f"stop → the server sees the socket closed: median {median(closed) * 1000:.0f} ms, "
        f"at most {max(closed) * 1000:.0f} ms (less than 100 is promised)"
    )
    assert median(closed) < 0.5


def test_an_abandoned_stream_closes_its_connection(serve: Serve) -> None:
    def read() -> weakref.ref[tidewire.Stream]:
        stream = tidewire.stream(serve.url("/endless?test=abandoned"), prepare=lambda request: None)
        next(iter(stream))
        return weakref.ref(stream)

    stream = read()
    gc.collect()
    assert stream() is None
    assert serve.until_ended("abandoned")["ended"] == "client_closed"


def test_one_consumer_at_a_time(serve: Serve) -> None:
    with tidewire.stream(serve.url("/stall?interval_ms=0&silence_ms=100000")) as stream:
        events = iter(stream)
        for _ in range(4):
            next(events)
        waiting = threading.Thread(target=lambda: list(iterate(events)))
        waiting.start()
        time.sleep(0.1)
        with pytest.raises(tidewire.UsageError, match="another task or thread"):
            next(events)
        stream.stop()
        waiting.join(PATIENCE)
        assert not waiting.is_alive()


def iterate(events: Any) -> Any:
    try:
        yield from events
    except tidewire.StoppedError:
        pass


def test_slots_are_shared_by_the_streams_of_a_client(serve: Serve) -> None:
    client = tidewire.Client(base_url=serve.base, max_concurrent=1, queue_timeout=0.05)
    with client.stream("/stall?interval_ms=0") as first:
        next(iter(first))
        with pytest.raises(tidewire.TimedOutError) as caught:
            list(client.stream("/notify?interval_ms=0"))
        assert caught.value.timeout == "queue"
    assert len(list(client.stream("/notify?interval_ms=0"))) == 10


def test_a_stream_can_move_between_threads_and_loops(serve: Serve) -> None:
    stream = tidewire.stream(serve.url("/notify?interval_ms=5"))
    ids = [next(iter(stream)).id]

    def read() -> None:
        ids.append(next(iter(stream)).id)

    thread = threading.Thread(target=read)
    thread.start()
    thread.join(PATIENCE)

    async def take() -> str:
        return (await anext(aiter(stream))).id

    ids += [asyncio.run(take()), anyio.run(take, backend="trio"), asyncio.run(take())]
    assert ids == ["1", "2", "3", "4", "5"]
    stream.stop()


def test_a_reply(serve: Serve) -> None:
    with tidewire.stream(serve.url("/llm?dialect=anthropic&interval_ms=0"), json={"model": "m"}) as stream:
        deltas = list(stream.deltas())
        message = stream.message
    assert stream.dialect == "anthropic" and stream.format == "sse"
    assert message is not None and message.finish == "tool_calls"
    assert message.text == "".join(delta.text for delta in deltas if isinstance(delta, tidewire.TextDelta))
    assert [call.name for call in message.tool_calls] == ["weather", "tide"]
    assert message.tool_calls[0].arguments["city"] == "Sète" and message.usage["input_tokens"] == 11
    assert message.value["type"] == "message"
    assert {delta.kind for delta in deltas} >= {"start", "text", "reasoning", "tool_call", "arguments", "usage", "finish"}
