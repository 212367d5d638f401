"""A `tidewire serve` for the tests, on a free port."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

PATIENCE = 30.0
"""How long anything here may take at most, in seconds."""


def _end_with_parent() -> None:
    """Lets the system stop the server if these tests are killed."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


class Serve:
    """A running server. It is stopped by its id."""

    def __init__(self) -> None:
        program = os.environ["TIDEWIRE"]
        command = [program, "serve", "--port", "0"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, preexec_fn=_end_with_parent)
        assert self._process.stdout is not None
        self.base: str = json.loads(self._process.stdout.readline())["url"]
        # Its log would fill the pipe.
        self._drain = threading.Thread(target=self._process.stdout.read, daemon=True)
        self._drain.start()

    def url(self, path: str) -> str:
        return self.base + path

    def log(self) -> list[dict[str, Any]]:
        """The requests, each with its `response` once that has ended."""
        with urllib.request.urlopen(self.url("/_log")) as response:
            log: list[dict[str, Any]] = json.load(response)
        return log

    def ask(self, path: str) -> None:
        """Sends a request, and waits for its response."""
        urllib.request.urlopen(self.url(path)).close()

    def clear(self) -> None:
        urllib.request.urlopen(urllib.request.Request(self.url("/_log"), method="DELETE")).close()

    def until_ended(self, key: str) -> dict[str, Any]:
        """Waits until the request with this text in its path has ended, and returns how."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            for request in self.log():
                if key in request["path"] and "response" in request:
                    response: dict[str, Any] = request["response"]
                    return response
            time.sleep(0.005)
        raise AssertionError(f"the request {key} did not end")

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@pytest.fixture(scope="session")
def serve() -> Iterator[Serve]:
    server = Serve()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session", params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


FIGURES: list[str] = []
"""What the tests measured; shown at their end."""


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if FIGURES:
        terminalreporter.section("figures")
        for figure in FIGURES:
            terminalreporter.line(figure)


def median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]
