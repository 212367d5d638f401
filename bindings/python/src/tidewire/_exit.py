"""The end of the program.

A thread of the native library that calls into a Python that is shutting down would be ended in the middle of the library, and the
process with it. So the library is shut down before.
"""

from __future__ import annotations

import atexit
import threading

from ._native import tidewire_ffi as native

exiting = threading.Event()
"""Set when the program ends."""


def rest_if_exiting() -> None:
    """Lets a daemon thread rest while the program ends: what it reads ends as well, and nobody is there to hear of that."""
    if exiting.is_set() and threading.current_thread().daemon:
        threading.Event().wait()


def _shut_down() -> None:
    exiting.set()
    native.shutdown()


atexit.register(_shut_down)
