"""What a program that uses this package looks like to a type checker."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from typing_extensions import assert_type

import tidewire


@dataclass
class Reading:
    sensor: str
    value: float


def blocking(url: str) -> float:
    total = 0.0
    with tidewire.stream(url, timeout=timedelta(seconds=5), resume="always") as stream:
        for reading in stream.records(Reading):
            assert_type(reading, Reading)
            total += reading.value
    for event in tidewire.stream(url, headers={"accept-language": "de"}):
        assert_type(event, tidewire.Event)
        print(event.id, event.data)
    for size in tidewire.stream(url).records(len):
        assert_type(size, int)
    return total


async def sign(request: tidewire.AttemptRequest) -> None:
    request.set_header("authorization", f"Bearer {request.attempt}")


async def asynchronous(client: tidewire.Client) -> str:
    text = ""
    async with client.stream("/chat", json={"q": "?"}, prepare=sign, on_stall=lambda stall: None) as stream:
        async for delta in stream.deltas("openai-chat"):
            match delta:
                case tidewire.TextDelta():
                    text += delta.text
                case tidewire.ToolCallDelta():
                    print(delta.name)
        async for state in stream.states():
            assert_type(state, tidewire.State)
        assert_type(stream.outcome, tidewire.Outcome | None)
    try:
        async for piece in client.stream("/text").texts():
            assert_type(piece, str)
            text += piece
    except tidewire.RefusedError as error:
        assert_type(error.status, int)
        raise
    return text


def decoded() -> list[tidewire.Frame]:
    return tidewire.decode(b"data: x\n\n", format="sse").frames
