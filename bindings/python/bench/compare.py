"""CPU time per event, compared with httpx-sse and the OpenAI SDK, in one run over the same bodies.

    pip install -r bench/requirements.txt target/bindings/python/*.whl
    python bench/compare.py

Each variant runs in a process of its own, and reads chunks of a chat completion from a server in another: as fast as they can be read,
and one each millisecond. Shown is the best of three runs: the CPU time of the whole process, and of all but its native thread, which is
what Python adds to the native client.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

RUNS = 3
BURST, PACED = 50_000, 2_000
TEXT = "潮汐 tide 🌊"
CHUNK = {
    "id": "chatcmpl-tidewire",
    "object": "chat.completion.chunk",
    "created": 1700000000,
    "model": "tidewire-demo",
    "system_fingerprint": "fp_tidewire",
    "choices": [{"index": 0, "delta": {"content": TEXT}, "logprobs": None, "finish_reason": None}],
}
EVENT = f"data: {json.dumps(CHUNK, ensure_ascii=False)}\n\n".encode()
LAST = {**CHUNK, "choices": [{"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}]}
END = f"data: {json.dumps(LAST)}\n\ndata: [DONE]\n\n".encode()


# The server.


def serve() -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    print(listener.getsockname()[1], flush=True)
    # Ends with the process that started it.
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=answer, args=(connection,), daemon=True).start()


def answer(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    request = b""
    while b"\r\n\r\n" not in request:
        piece = connection.recv(65536)
        if not piece:
            return
        request += piece
    path = request.split(b"\r\n")[0]
    try:
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
        if b"/paced/" in path:
            for _ in range(PACED):
                connection.sendall(EVENT)
                time.sleep(0.001)
        else:
            for _ in range((BURST if b"/burst/" in path else 1000) // 100):
                connection.sendall(EVENT * 100)
        connection.sendall(END)
        connection.shutdown(socket.SHUT_WR)
        # The client may still be sending its body.
        while connection.recv(65536):
            pass
    except OSError:
        pass
    finally:
        connection.close()


# What reads. Each returns the number of texts that it saw.


def tidewire_for(url: str) -> int:
    import tidewire

    return sum(1 for event in tidewire.stream(url, json={}) if event.data)


def tidewire_async(url: str) -> int:
    import tidewire

    async def read() -> int:
        count = 0
        async with tidewire.stream(url, json={}) as stream:
            async for event in stream:
                if event.data:
                    count += 1
        return count

    return asyncio.run(read())


def batches_of_one(read: Callable[[str], int]) -> Callable[[str], int]:
    """The same, with one call of the native library for each event."""

    def read_one_by_one(url: str) -> int:
        from tidewire import _reader

        _reader.MOST = 1
        return read(url)

    return read_one_by_one


def tidewire_deltas(url: str) -> int:
    import tidewire

    async def read() -> int:
        count = 0
        async with tidewire.stream(url, json={}) as stream:
            async for delta in stream.deltas("openai-chat"):
                if delta.kind == "text":
                    count += 1
        return count

    return asyncio.run(read())


def httpx_sse_for(url: str) -> int:
    import httpx
    import httpx_sse

    with httpx.Client() as client, httpx_sse.connect_sse(client, "POST", url, json={}) as source:
        return sum(1 for event in source.iter_sse() if event.data)


def httpx_sse_async(url: str) -> int:
    import httpx
    import httpx_sse

    async def read() -> int:
        count = 0
        async with httpx.AsyncClient() as client, httpx_sse.aconnect_sse(client, "POST", url, json={}) as source:
            async for event in source.aiter_sse():
                if event.data:
                    count += 1
        return count

    return asyncio.run(read())


def openai_async(url: str) -> int:
    import openai

    async def read() -> int:
        count = 0
        async with openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:
            stream = await client.chat.completions.create(model="m", messages=[], stream=True)
            async for chunk in stream:
                if chunk.choices and chunk.choices[0].delta.content:
                    count += 1
        return count

    return asyncio.run(read())


READERS: dict[str, Callable[[str], int]] = {
    "tidewire, for": tidewire_for,
    "tidewire, async for": tidewire_async,
    "tidewire, for, batches of one": batches_of_one(tidewire_for),
    "tidewire, async for, batches of one": batches_of_one(tidewire_async),
    "tidewire, deltas": tidewire_deltas,
    "httpx-sse, for": httpx_sse_for,
    "httpx-sse, async for": httpx_sse_async,
    "openai SDK, async for": openai_async,
}
PAIRS = [
    ("httpx-sse, for", "tidewire, for"),
    ("httpx-sse, async for", "tidewire, async for"),
    ("openai SDK, async for", "tidewire, deltas"),
]


def native_cpu() -> float:
    """The CPU time of the native thread so far, in seconds; 0 where the system does not tell."""
    tasks = Path("/proc/self/task")
    if not tasks.exists():
        return 0
    seconds = 0.0
    for task in tasks.iterdir():
        if (task / "comm").read_text().startswith("tidewire"):
            seconds += int((task / "schedstat").read_text().split()[0]) / 1e9
    return seconds


def one(name: str, base: str) -> None:
    """Prints the microseconds of CPU per event: all, and without the native thread."""
    read = READERS[name]
    found = []
    # Imports are made before.
    read(f"{base}/warm/v1")
    for pace, events in (("burst", BURST), ("paced", PACED)):
        native, before = native_cpu(), time.process_time()
        count = read(f"{base}/{pace}/v1")
        spent, native = time.process_time() - before, native_cpu() - native
        assert events <= count <= events + 2, f"{name} saw {count} texts of {events}"
        found.append((spent / events * 1e6, (spent - native) / events * 1e6))
    print(json.dumps(found))


def main() -> None:
    server = subprocess.Popen([sys.executable, __file__, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None and server.stdin is not None
    base = f"http://127.0.0.1:{server.stdout.readline().strip()}"
    best: dict[str, list[list[float]]] = {}
    try:
        print(f"µs of CPU per event of {len(EVENT)} bytes; best of {RUNS}; in brackets: without the native thread")
        for name in READERS:
            runs = []
            for _ in range(RUNS):
                out = subprocess.run([sys.executable, __file__, "--one", name, base], check=True, capture_output=True)
                runs.append(json.loads(out.stdout))
            best[name] = [[min(run[pace][part] for run in runs) for part in (0, 1)] for pace in (0, 1)]
            burst, paced = best[name]
            print(
                f"{name:36} as fast as possible {burst[0]:7.1f} ({burst[1]:6.1f})   one each ms {paced[0]:7.1f} ({paced[1]:6.1f})",
                flush=True,
            )
    finally:
        server.stdin.close()
        server.wait(10)
    for usual, ours in PAIRS:
        burst, paced = (best[usual][pace][0] / best[ours][pace][0] for pace in (0, 1))
        print(f"{usual} / {ours}: {burst:.1f} times the CPU as fast as possible, {paced:.1f} times one each ms")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--serve"]:
            serve()
        case ["--one", name, base]:
            one(name, base)
        case _:
            main()
