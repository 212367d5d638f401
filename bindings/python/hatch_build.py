"""Adds the native library and its generated module to the wheel, and names the platform that it is for.

`cargo xtask bindings python` builds both, and passes their folder in TIDEWIRE_NATIVE.
"""

import os
import re
import sysconfig
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class NativeHook(BuildHookInterface):
    """One wheel for all Pythons: the library is loaded through ctypes and knows no Python."""

    def initialize(self, version, build_data):
        folder = os.environ.get("TIDEWIRE_NATIVE")
        if not folder:
            raise RuntimeError("the native library is missing; build the wheel with `cargo xtask bindings python`")
        files = sorted(Path(folder).iterdir())
        for file in files:
            build_data["force_include"][str(file)] = f"tidewire/_native/{file.name}"
        library = next(file for file in files if file.suffix in (".so", ".dylib", ".dll"))
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform_of(library)}"


def platform_of(library):
    platform = re.sub(r"[-.]", "_", sysconfig.get_platform())
    if not platform.startswith("linux_"):
        return platform
    # The newest symbol of glibc that the library asks for is the oldest glibc with which it loads.
    versions = [int(minor) for minor in re.findall(rb"GLIBC_2\.(\d+)", library.read_bytes())]
    if not versions:
        return platform
    return platform.replace("linux_", f"manylinux_2_{max(versions)}_")
