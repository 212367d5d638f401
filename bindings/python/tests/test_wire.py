"""The fast reader of batches and the generated one read the same."""

from __future__ import annotations

import ctypes
from typing import Any

import pytest

import tidewire
from tidewire import _wire
from tidewire._native import tidewire_ffi

native: Any = tidewire_ffi
Item, Delta = native.Item, native.Delta

TEXT = "é 🌊\n" * 3

ITEMS = [
    Item.EVENT("message", TEXT, ""),
    Item.EVENT("", "", "7"),
    Item.RECORD(None, "{}"),
    Item.RECORD(2**63, TEXT),
    Item.TEXT(TEXT),
    Item.TEXT(""),
    Item.COMMENT(TEXT),
    Item.RETRY(1500),
    Item.PROBLEM("bad_record", TEXT, 3, None),
    Item.PROBLEM("too_large", TEXT, None, 9),
    Item.ATTEMPT(2, 1500, "body", "7", None, "reset"),
    Item.ATTEMPT(1, 0, None, None, 90_000, None),
    Item.STALL(250),
    Item.GAP(None),
    Item.GAP("7"),
    Item.REPLAYED("7"),
    Item.REPLY(Delta.START("a", "b", "c")),
    Item.REPLY(Delta.TEXT(0, TEXT)),
    Item.REPLY(Delta.TEXT(1, "")),
    Item.REPLY(Delta.REASONING(3, TEXT)),
    Item.REPLY(Delta.REFUSAL(0, TEXT)),
    Item.REPLY(Delta.TOOL_CALL(0, 1, "a", "b")),
    Item.REPLY(Delta.ARGUMENTS(0, 1, "{")),
    Item.REPLY(
        Delta.USAGE(
            native.Usage(
                input_tokens=1,
                output_tokens=2,
                total_tokens=None,
                reasoning_tokens=4,
                cached_tokens=None,
                cache_write_tokens=6,
            )
        )
    ),
    Item.REPLY(Delta.CITATION(0, "a", "b")),
    Item.REPLY(Delta.FINISH(0, "stop", "end_turn")),
    Item.REPLY(Delta.ERROR("overloaded", TEXT, True)),
    Item.REPLY(Delta.OTHER("x", "{}")),
]

STATS = native.StreamStats(
    first_byte_ms=1500, first_event_ms=None, bytes=3, events=4, attempts=5, longest_silence_ms=6, elapsed_ms=7
)
END = native.StreamEnd(
    code="refused",
    message=TEXT,
    cursor="7",
    error="why",
    status=429,
    headers=[native.Header(name="Retry-After", value="90")],
    body=b"\x00\xff",
    retry_after_ms=90_000,
    timeout=None,
    offset=1,
    limit=2,
    stats=STATS,
)


def written(items: list[Any], end: Any) -> bytes:
    buffer = native._UniffiFfiConverterTypeBatch.lower(native.Batch(items=items, end=end))
    try:
        return ctypes.string_at(buffer.data, buffer.len)
    finally:
        buffer.free()


def name_of(item: Any) -> str:
    name = type(item).__name__
    return type(item.delta).__name__ if hasattr(item, "delta") else name


def test_there_is_a_row_for_each_kind() -> None:
    kinds = {variant for variant in vars(Item) if variant.isupper()}
    assert {name_of(item).split(".")[1] for item in ITEMS if not hasattr(item, "delta")} | {"REPLY"} == kinds
    deltas = {variant for variant in vars(Delta) if variant.isupper()}
    assert {name_of(item).split(".")[1] for item in ITEMS if hasattr(item, "delta")} == deltas


@pytest.mark.parametrize("item", ITEMS, ids=name_of)
def test_each_item(item: Any) -> None:
    batch = _wire.read_batch(written([item], None))
    assert batch == _wire.Batch([_wire.item_of(item)], None)
    (read,) = batch.items
    # Every field is there, under its own name but for times, which are seconds.
    source = item.delta if hasattr(item, "delta") else item
    source = getattr(source, "usage", source)
    for name, value in vars(source).items():
        match name:
            case "delay_ms" | "asked_ms" | "silent_ms" | "ms":
                name = {"ms": "delay"}.get(name, name.removesuffix("_ms"))
                value = value if value is None else value / 1000
            case "kind":
                name = "code"
        assert getattr(read, name) == value


def test_a_whole_batch_with_its_end() -> None:
    batch = _wire.read_batch(written(ITEMS, END))
    assert batch.items == [_wire.item_of(item) for item in ITEMS]
    outcome = batch.outcome
    assert outcome is not None
    assert (outcome.code, outcome.status, outcome.retry_after, outcome.body) == ("refused", 429, 90, b"\x00\xff")
    assert (outcome.headers["retry-after"], outcome.offset, outcome.limit) == ("90", 1, 2)
    assert outcome.stats == tidewire.Stats(1.5, None, 3, 4, 5, 0.006, 0.007)


def test_a_large_body_is_written_at_once() -> None:
    value = bytes(range(256)) * 4096
    buffer = native._UniffiFfiConverterBytes.lower(value)
    try:
        assert ctypes.string_at(buffer.data, buffer.len)[4:] == value
    finally:
        buffer.free()


@pytest.mark.parametrize("value", [None, 0, 100, 2**64 - 1])
def test_a_limit_on_a_wait(value: int | None) -> None:
    converter = native._UniffiFfiConverterOptionalUInt64
    assert converter.lift(converter.lower(value)) == value
