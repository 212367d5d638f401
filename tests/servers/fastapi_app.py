"""A test server on FastAPI, sse-starlette and uvicorn, which sends CRLF line ends and `: ping` comments.

uvicorn --host 127.0.0.1 --port PORT fastapi_app:app     (in this folder)
"""

import asyncio

from fastapi import FastAPI, Header
from fastapi.responses import JSONResponse, Response, StreamingResponse
from sse_starlette import EventSourceResponse, ServerSentEvent

import wire

# Often enough that a test sees pings before its deadline.
PING_SECONDS = 1

app = FastAPI()


@app.get("/events")
async def events(n: int = 10, interval_ms: int = 10, last_event_id: str | None = Header(None)):
    first = wire.first_after(last_event_id)
    if first > n:
        return Response(status_code=204)

    async def body():
        for number in range(first, n + 1):
            yield event(number)
            await asyncio.sleep(interval_ms / 1000)

    return sse(body())


@app.post("/chat")
async def chat(interval_ms: int = 10):
    async def body():
        for chunk in wire.chat_chunks():
            yield ServerSentEvent(data=chunk)
            await asyncio.sleep(interval_ms / 1000)

    return sse(body())


@app.get("/ndjson")
async def ndjson(n: int = 10, interval_ms: int = 10):
    async def body():
        for index in range(n):
            yield wire.ndjson_line(index)
            await asyncio.sleep(interval_ms / 1000)

    return StreamingResponse(body(), media_type="application/x-ndjson")


@app.get("/silent")
async def silent(ms: int = wire.SILENCE_MS):
    """Sends only pings between the events: activity on the wire, but no progress."""

    async def body():
        yield event(1)
        await asyncio.sleep(ms / 1000)
        yield event(2)
        yield event(3)

    return sse(body())


@app.api_route("/cut", methods=["GET", "POST"])
async def cut(n: int = 10, after: int = 3, last_event_id: str | None = Header(None)):
    """Breaks inside a character of an event, by an exception in the generator."""
    first = wire.first_after(last_event_id)
    if first > n:
        return Response(status_code=204)

    async def body():
        for number in range(first, min(first + after, n + 1)):
            yield event(number)
        if first + after <= n:
            yield event(first + after).encode()[:-6]
            # uvicorn sends its buffer only on the next turn of the event loop.
            await asyncio.sleep(0.05)
            raise RuntimeError("cut on request")

    return sse(body())


@app.get("/error")
async def error():
    return JSONResponse(wire.ERROR, status_code=503)


def event(number: int) -> ServerSentEvent:
    return ServerSentEvent(id=str(number), data=wire.event_data(number))


def sse(body) -> EventSourceResponse:
    return EventSourceResponse(body, ping=PING_SECONDS)
