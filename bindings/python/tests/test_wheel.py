"""The wheel: what it contains, and that it works in fresh environments of every Python there is."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from conftest import FIGURES, Serve

WHEEL = Path(os.environ["TIDEWIRE_WHEEL"])

PROGRAM = """
import sys, asyncio, tidewire
assert len(list(tidewire.stream(sys.argv[1]))) == 10
async def read():
    async with tidewire.stream(sys.argv[1]) as stream:
        return [event.id async for event in stream]
assert asyncio.run(read())[-1] == "10"
print(tidewire.__version__)
"""


def test_what_it_contains() -> None:
    with zipfile.ZipFile(WHEEL) as wheel:
        names = wheel.namelist()
        inside = {name: wheel.read(name) for name in names}
    library = next(name for name in names if name.endswith((".so", ".dylib", ".dll")))
    sizes = f"{WHEEL.stat().st_size / 1e6:.2f} MB, of which the library is {len(inside[library]) / 1e6:.2f} MB unpacked"
    FIGURES.append(f"{WHEEL.name}: {sizes}")
    assert {"tidewire/__init__.py", "tidewire/py.typed", "tidewire/_native/tidewire_ffi.py"} <= set(names)
    assert re.fullmatch(r"tidewire-[\d.]+-py3-none-\w+", WHEEL.stem) and "none-any" not in WHEEL.stem
    assert not [name for name in names if "__pycache__" in name or "sbom" in name]
    metadata = next(text for name, text in inside.items() if name.endswith("METADATA")).decode()
    assert "Requires-Dist" not in metadata and "Requires-Python: >=3.10" in metadata
    # Nothing says on which machine it was built.
    home = str(Path.home()).encode()
    for name, content in inside.items():
        assert home not in content and os.fsencode(Path(__file__).parents[3]) not in content, name
    assert b".symtab" not in inside[library]


def pythons() -> list[str]:
    found = [sys.executable]
    for minor in range(10, 16):
        program = shutil.which(f"python3.{minor}")
        said = program and subprocess.run([program, "-c", "import ctypes, ensurepip"], capture_output=True)
        if program and said and said.returncode == 0 and minor != sys.version_info.minor:
            found.append(program)
    return found


@pytest.mark.parametrize("python", pythons(), ids=lambda path: Path(path).name)
def test_a_fresh_environment(serve: Serve, tmp_path: Path, python: str) -> None:
    subprocess.run([python, "-m", "venv", "--without-pip", str(tmp_path)], check=True)
    inside = tmp_path / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pip = [sys.executable, "-m", "pip", "--python", str(inside), "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--no-index", "--quiet", str(WHEEL)], check=True)
    url = serve.url("/notify?interval_ms=0")
    run = subprocess.run([str(inside), "-c", PROGRAM, url], cwd=tmp_path, capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, ""), run.stderr
