"""Processes: exit, fork, spawn, Ctrl-C, leaks, and many streams."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import FIGURES, PATIENCE, Serve

import tidewire

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


def program(text: str, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", textwrap.dedent(text), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("way", ["a blocking loop", "asyncio", "a function that sleeps", "an open stream"])
def test_a_program_ends_cleanly(serve: Serve, way: str) -> None:
    text = """
        import asyncio, sys, threading, time, tidewire

        url, way = sys.argv[1:]
        began = threading.Event()

        def prepare(request):
            if way == "a function that sleeps":
                began.set()
                time.sleep(0.3)

        def read():
            for _ in tidewire.stream(url, prepare=prepare):
                began.set()

        async def read_async():
            async for _ in tidewire.stream(url):
                began.set()

        if way == "an open stream":
            stream = tidewire.stream(url)
            next(iter(stream))
        else:
            target = (lambda: asyncio.run(read_async())) if way == "asyncio" else read
            threading.Thread(target=target, daemon=True).start()
            began.wait()
        print("done")
    """
    # An event each millisecond, so that threads call into Python while it ends.
    url = serve.url("/sse?interval_ms=1")
    times = 20 if way == "a blocking loop" else 8
    for _ in range(times // 4):
        processes = [program(text, url, way) for _ in range(4)]
        for process in processes:
            out, said = process.communicate(timeout=PATIENCE)
            assert (process.returncode, out, said) == (0, "done\n", "")
    FIGURES.append(f"exit with {way}: {times} of {times} processes ended cleanly")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_opens_its_own(serve: Serve) -> None:
    url = serve.url("/sse?interval_ms=1")
    client = tidewire.Client(base_url=serve.base)
    with client.stream("/sse?interval_ms=1") as stream:
        events = iter(stream)
        next(events)
        for _ in range(10):
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    code = in_child(stream, client, url)
                finally:
                    os._exit(code)
            until = time.monotonic() + PATIENCE
            while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0):
                if time.monotonic() > until:
                    os.kill(child, signal.SIGKILL)
                    os.waitpid(child, 0)
                    pytest.fail("the child hangs")
                time.sleep(0.005)
            assert os.waitstatus_to_exitcode(ended[1]) == 0
        # The parent's stream goes on.
        first = int(next(events).id)
        assert int(next(events).id) == first + 1


def in_child(stream: tidewire.Stream, client: tidewire.Client, url: str) -> int:
    try:
        for _ in range(1000):
            next(iter(stream))
        return 2
    except tidewire.UsageError as error:
        if "parent process" not in str(error):
            return 3
    stream.stop()
    if stream.state.name != "closed" or stream.outcome is not None:
        return 4
    for opened in (tidewire.stream(url), client.stream("/sse?interval_ms=1")):
        with opened:
            events = iter(opened)
            if [next(events).id for _ in range(3)] != ["1", "2", "3"]:
                return 5
    return 0


@pytest.mark.parametrize("method", ["spawn", "fork"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_worker_processes(serve: Serve, method: Any) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"there is no {method} on this system")
    tidewire.stream(serve.url("/notify?interval_ms=0"))
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map_async(count, [serve.url("/notify?interval_ms=0")] * 4).get(PATIENCE) == [10] * 4


def count(url: str) -> int:
    return len(list(tidewire.stream(url)))


def test_ctrl_c_ends_a_blocking_loop(serve: Serve) -> None:
    text = """
        import sys, time, tidewire

        with tidewire.stream(sys.argv[1]) as stream:
            events = iter(stream)
            for _ in range(4):
                next(events)
            print("waiting", flush=True)
            try:
                next(events)
            except KeyboardInterrupt:
                print("interrupted", flush=True)
        print(stream.outcome.code)
    """
    process = program(text, serve.url("/stall?interval_ms=0"))
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    time.sleep(0.1)
    before = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "interrupted\n"
    spent = time.monotonic() - before
    FIGURES.append(f"Ctrl-C → KeyboardInterrupt in a blocking loop: {spent * 1000:.0f} ms")
    # Not `communicate`, which does not see what `readline` has read ahead.
    assert process.stdout.readline() == "cancelled\n"
    assert process.wait(PATIENCE) == 0
    assert process.stderr is not None and process.stderr.read() == ""
    assert spent < 2


def status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1])


def native_threads() -> int:
    names = [(task / "comm").read_text().strip() for task in Path("/proc/self/task").iterdir()]
    return sum(name.startswith("tidewire") for name in names)


@LINUX
def test_a_thousand_rounds_leak_nothing(serve: Serve) -> None:
    def prepare(_: tidewire.AttemptRequest) -> None:
        raise LookupError("no")

    def on_attempt(_: tidewire.Attempt) -> None:
        raise LookupError("no")

    def rounds(times: int) -> None:
        for number in range(times):
            # What is used after its stop must not have come to its end before.
            path = "/stall?interval_ms=0" if number % 4 == 2 else "/notify?interval_ms=0"
            with tidewire.stream(serve.url(path)) as stream:
                next(iter(stream))
                if number % 4 == 0:
                    list(stream)
            try:
                # A function that fails, a callback that fails, a stream that is used after its stop, or a refusal.
                match number % 4:
                    case 0:
                        list(tidewire.stream(serve.url("/auth"), prepare=prepare, retry_attempts=0))
                    case 1:
                        list(tidewire.stream(serve.url("/notify?interval_ms=0"), on_attempt=on_attempt))
                    case 2:
                        list(stream)
                    case 3:
                        list(tidewire.stream(serve.url("/auth")))
            except (LookupError, tidewire.TidewireError):
                continue
            raise AssertionError(f"round {number} raised nothing")

    rounds(200)
    gc.collect()
    before, objects = status("VmRSS"), len(gc.get_objects())
    files = len(os.listdir("/proc/self/fd"))
    rounds(1000)
    gc.collect()
    grown, more = status("VmRSS") - before, len(gc.get_objects()) - objects
    FIGURES.append(f"1,000 rounds: {grown} KiB and {more} objects more than before")
    assert more < 200 and grown < 8_000
    assert len(os.listdir("/proc/self/fd")) <= files + 5


@LINUX
def test_a_thousand_open_streams(serve: Serve) -> None:
    # In a process of its own, whose memory is that of the streams.
    text = """
        import gc, sys
        sys.path.insert(0, sys.argv[2])
        import resource
        resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        import tidewire
        from test_process import native_threads, status

        def opened(count):
            streams = [tidewire.stream(sys.argv[1]) for _ in range(count)]
            for stream in streams:
                next(iter(stream))
            return streams

        first = opened(50)
        gc.collect()
        before = status("VmRSS")
        streams = opened(1000)
        gc.collect()
        print((status("VmRSS") - before) / 1000, native_threads(), status("Threads"))
    """
    process = program(text, serve.url("/stall?interval_ms=0"), str(Path(__file__).parent))
    out, said = process.communicate(timeout=2 * PATIENCE)
    assert (process.returncode, said) == (0, "")
    each, native, threads = map(float, out.split())
    FIGURES.append(
        f"1,000 open streams: {each:.1f} KiB each, {threads:.0f} threads ({native:.0f} of the library, one of Python)"
    )
    assert each < 96 and threads <= 3
