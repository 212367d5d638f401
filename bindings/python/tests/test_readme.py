"""The examples of the README, as printed there."""

from __future__ import annotations

import ast
import inspect
import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import anyio
import pytest
from conftest import Serve

import tidewire

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


@pytest.mark.anyio
@pytest.mark.parametrize("number", range(len(EXAMPLES)))
async def test_example(serve: Serve, number: int, capsys: pytest.CaptureFixture[str]) -> None:
    example = EXAMPLES[number]
    code = compile(example, "README.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    names = {"tidewire": tidewire, "url": serve.base, "dataclass": dataclass, "timedelta": timedelta, "__name__": __name__}
    with anyio.fail_after(30):
        result = eval(code, names)
        if inspect.isawaitable(result):
            await result
    # A comment after `print` says what is printed.
    printed = capsys.readouterr().out.splitlines()
    for said in re.findall(r"print\(.*\)  # (.*)$", example, re.MULTILINE):
        assert said in printed
