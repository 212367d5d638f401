"""What every server here sends, so that one table of expected results serves for all of them.

README.md lists paths and parameters; better_sse.mjs has a copy of the words.
"""

import json

WORDS = ["潮水", "来了", "，", "tide", " 🌊", " in", ",", " 潮水", "退了", " 👩‍💻", "."]
SILENCE_MS = 3000


def event_data(number: int) -> str:
    return f"tide {number} 潮汐 🌊"


def first_after(last_event_id: str | None) -> int:
    """The number of the first event for a client that has seen `last_event_id`."""
    return int(last_event_id) + 1 if last_event_id and last_event_id.isdecimal() else 1


def chat_chunks() -> list[str]:
    """An OpenAI reply, chunk by chunk, as the `data` of its events."""
    deltas = [{"role": "assistant", "content": ""}] + [{"content": word} for word in WORDS] + [{}]
    return [json.dumps(chat_chunk(delta), ensure_ascii=False) for delta in deltas] + ["[DONE]"]


def chat_chunk(delta: dict) -> dict:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1700000000,
        "model": "tide-1",
        "choices": [{"index": 0, "delta": delta, "finish_reason": None if delta else "stop"}],
    }


def ndjson_line(index: int) -> str:
    return json.dumps({"index": index, "text": event_data(index)}, ensure_ascii=False) + "\n"


ERROR = {"error": {"message": "the tide is out", "type": "overloaded_error"}}
