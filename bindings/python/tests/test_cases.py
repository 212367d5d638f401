"""Every body of `tests/cases`, decoded by this package and printed as the command prints it."""

from __future__ import annotations

import dataclasses
import json
import os
import re
from pathlib import Path
from typing import Any

import tidewire

CASES = Path(os.environ["TIDEWIRE_CASES"])


def snake(name: str) -> str:
    return re.sub("[A-Z]", lambda letter: "_" + letter[0].lower(), name)


def text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def line(*fields: tuple[str, Any], raw: tuple[str, str] | None = None) -> str:
    """An object of the fields that have a value, and one whose value is JSON text."""
    parts = [f"{text(name)}:{text(value)}" for name, value in fields if value is not None]
    if raw is not None:
        parts.append(f"{text(raw[0])}:{raw[1]}")
    return "{" + ",".join(parts) + "}"


def some(value: Any) -> Any:
    """Texts that are empty and a choice of 0 are left out."""
    return value or None


def delta(item: Any) -> str:
    begin = (("type", "delta"), ("kind", item.kind))
    match item:
        case tidewire.StartDelta():
            return line(*begin, ("id", some(item.id)), ("model", some(item.model)), ("created", some(item.created)))
        case tidewire.TextDelta() | tidewire.ReasoningDelta() | tidewire.RefusalDelta():
            return line(*begin, ("choice", some(item.choice)), ("text", some(item.text)))
        case tidewire.ToolCallDelta():
            name = (("id", some(item.id)), ("name", some(item.name)))
            return line(*begin, ("choice", some(item.choice)), ("index", item.index), *name)
        case tidewire.ArgumentsDelta():
            fragment = ("fragment", some(item.fragment))
            return line(*begin, ("choice", some(item.choice)), ("index", item.index), fragment)
        case tidewire.UsageDelta():
            return line(*begin, *dataclasses.asdict(item).items())
        case tidewire.CitationDelta():
            return line(*begin, ("choice", some(item.choice)), ("url", some(item.url)), ("title", some(item.title)))
        case tidewire.FinishDelta():
            return line(*begin, ("choice", some(item.choice)), ("reason", item.reason), ("said", some(item.said)))
        case tidewire.ErrorDelta():
            said = (("code", some(item.code)), ("message", some(item.message)))
            return line(*begin, *said, ("retryable", item.retryable))
        case tidewire.OtherDelta():
            fields = (*begin, ("name", some(item.name)))
            try:
                json.loads(item.json)
            except ValueError:
                return line(*fields, ("value_text", some(item.json)))
            return line(*fields, raw=("value", tidewire.compact_json(item.json)))
    raise AssertionError(item)


def frame(item: tidewire.Frame) -> str:
    match item:
        case tidewire.Event():
            return line(("type", "event"), ("event", item.event), ("data", item.data), ("id", some(item.id)))
        case tidewire.Record():
            value = tidewire.compact_json(item.json)
            return line(("type", "record"), ("index", item.index), raw=("value", value))
        case tidewire.Text():
            return line(("type", "text"), ("text", item.text))
        case tidewire.Comment():
            return line(("type", "comment"), ("comment", item.comment))
        case tidewire.Retry():
            return line(("type", "retry"), ("ms", round(item.delay * 1000)))
        case tidewire.Gap():
            return line(("type", "gap"), ("after", item.after))
        case tidewire.Problem():
            where = (("offset", item.offset), ("limit", item.limit))
            return line(("type", "error"), ("code", item.code), ("message", item.message), *where)
    return delta(item)


def end(outcome: tidewire.Outcome) -> str:
    return line(
        ("type", "end"),
        ("outcome", outcome.code),
        ("events", outcome.stats.events),
        ("bytes", outcome.stats.bytes),
        ("cursor", None if outcome.is_success else outcome.cursor),
        ("offset", outcome.offset),
        ("limit", outcome.limit),
        ("error", outcome.error),
    )


def printed(case: dict[str, Any]) -> list[str]:
    settings = {snake(name): value for name, value in case["settings"].items()}
    body, chunk = bytes.fromhex(case["body"]), case["chunk"]
    pieces = [body[at : at + chunk] for at in range(0, len(body), chunk)] if chunk else [body]
    decoded = tidewire.decode(pieces, **settings)
    lines = [frame(item) for item in decoded.frames]
    if decoded.message is not None:
        lines.append(decoded.message.json)
    return [*lines, end(decoded.outcome)]


def test_each_case_is_printed_as_by_the_command() -> None:
    wrong = []
    count = 0
    with CASES.open(encoding="utf-8") as file:
        for count, written in enumerate(file, 1):
            case = json.loads(written)
            have = printed(case)
            if have != case["printed"]:
                wrong.append((case["name"], case["chunk"], case["settings"], have, case["printed"]))
    print(f"{count} cases")
    assert count > 1000
    assert not wrong, "\n".join(map(str, wrong[:10])) + f"\n{len(wrong)} of {count} differ"
