"""`mypy --strict` over the installed package, over a program that uses it, and over these tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import tidewire

HERE = Path(__file__).parent


def test_types(tmp_path: Path) -> None:
    assert (Path(tidewire.__file__).parent / "py.typed").exists()
    command = [sys.executable, "-m", "mypy", "--config-file", "../pyproject.toml", "--cache-dir", str(tmp_path)]
    # The installed package, and then a program that sees it as any program does.
    checks = (["--package", "tidewire"], ["sample.py"], [file.name for file in HERE.glob("test_*.py")])
    # A path would be that of a checked source, and not that of an installed package.
    environment = {name: value for name, value in os.environ.items() if name != "MYPYPATH"}
    for files in checks:
        run = subprocess.run([*command, *files], cwd=HERE, env=environment, capture_output=True, text=True)
        assert run.returncode == 0, run.stdout + run.stderr
