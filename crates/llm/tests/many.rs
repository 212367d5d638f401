//! Checks that the time for a reply is linear in the number of its parts: sixteen times as many take about sixteen times as long.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use tidewire_core::DecoderOptions;
use tidewire_core::json::Ndjson;
use tidewire_llm::{Deltas, Dialect, Message};

/// Rows of name, dialect, the record that begins a part, and the one that continues it; `#` stands for the part's number.
const ROWS: &[(&str, &str, &str, &str)] = &[
    (
        "calls by index",
        "openai-chat",
        r##"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":#,"id":"c#","function":{"name":"f","arguments":""}}]}}]}"##,
        r##"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":#,"function":{"arguments":"1"}}]}}]}"##,
    ),
    (
        "calls by id alone",
        "openai-chat",
        r##"{"choices":[{"index":0,"delta":{"tool_calls":[{"id":"c#","function":{"name":"f","arguments":""}}]}}]}"##,
        r##"{"choices":[{"index":0,"delta":{"tool_calls":[{"id":"c#","function":{"arguments":"1"}}]}}]}"##,
    ),
    (
        "choices",
        "openai-chat",
        r##"{"choices":[{"index":#,"delta":{"content":"a"}}]}"##,
        r##"{"choices":[{"index":#,"delta":{"content":"b"},"finish_reason":"stop"}]}"##,
    ),
    (
        "a call in each choice",
        "openai-chat",
        r##"{"choices":[{"index":#,"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":""}}]}}]}"##,
        r##"{"choices":[{"index":#,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"1"}}]}}]}"##,
    ),
    (
        "blocks",
        "anthropic",
        r##"{"type":"content_block_start","index":#,"content_block":{"type":"tool_use","id":"c#","name":"f","input":{}}}"##,
        r##"{"type":"content_block_delta","index":#,"delta":{"type":"input_json_delta","partial_json":"1"}}"##,
    ),
    (
        "candidates",
        "gemini",
        r##"{"candidates":[{"index":#,"content":{"parts":[{"text":"a"}]}}]}"##,
        r##"{"candidates":[{"index":#,"content":{"parts":[{"text":"b"}]},"finishReason":"STOP"}]}"##,
    ),
    (
        "output items by number",
        "openai-responses",
        r##"{"type":"response.output_item.added","output_index":#,"item":{"type":"function_call","call_id":"c#","name":"f"}}"##,
        r##"{"type":"response.function_call_arguments.delta","output_index":#,"delta":"1"}"##,
    ),
    (
        "output items by id",
        "openai-responses",
        r##"{"type":"response.output_item.added","item":{"type":"function_call","call_id":"c#","name":"f"}}"##,
        r##"{"type":"response.function_call_arguments.delta","call_id":"c#","delta":"1"}"##,
    ),
    (
        "blocks with all of their input",
        "anthropic",
        r##"{"type":"content_block_start","index":#,"content_block":{"type":"tool_use","id":"t#","name":"f","input":{"a":#}}}"##,
        r##"{"type":"content_block_stop","index":#}"##,
    ),
    (
        "calls",
        "cohere",
        r##"{"type":"tool-call-start","index":#,"delta":{"message":{"tool_calls":{"id":"c#","function":{"name":"f","arguments":""}}}}}"##,
        r##"{"type":"tool-call-delta","index":#,"delta":{"message":{"tool_calls":{"function":{"arguments":"1"}}}}}"##,
    ),
    (
        "blocks",
        "bedrock-json",
        r##"{"contentBlockStart":{"contentBlockIndex":#,"start":{"toolUse":{"toolUseId":"c#","name":"f"}}}}"##,
        r##"{"contentBlockDelta":{"contentBlockIndex":#,"delta":{"toolUse":{"input":"1"}}}}"##,
    ),
    (
        "calls",
        "vercel-ui",
        r##"{"type":"tool-input-start","toolCallId":"c#","toolName":"f"}"##,
        r##"{"type":"tool-input-delta","toolCallId":"c#","inputTextDelta":"1"}"##,
    ),
    (
        "calls",
        "ag-ui",
        r##"{"type":"TOOL_CALL_START","toolCallId":"c#","toolCallName":"f"}"##,
        r##"{"type":"TOOL_CALL_ARGS","toolCallId":"c#","delta":"1"}"##,
    ),
    (
        "calls",
        "ollama",
        r##"{"message":{"tool_calls":[{"function":{"name":"f","arguments":{"a":#}}}]},"done":false}"##,
        r##"{"message":{"content":"#"},"done":false}"##,
    ),
    (
        "citations",
        "openai-chat",
        r##"{"choices":[],"citations":["#"]}"##,
        r##"{"choices":[],"citations":["#"]}"##,
    ),
];

/// Few enough for an unoptimised build, and enough for quadratic code to take more than a hundred times as long.
const SOME: usize = 2_500;
const TIMES: usize = 16;

#[test]
fn very_many_parts_are_linear() {
    for (name, dialect, begin, goes_on) in ROWS {
        let (some, many) = (best(SOME, dialect, begin, goes_on), best(TIMES * SOME, dialect, begin, goes_on));
        println!("{dialect}, {name}: {SOME} in {some:?}, {TIMES} times as many in {many:?}");
        assert!(many < some * 60, "{dialect}, {name}: {some:?}, {TIMES} times as many {many:?}");
    }
}

/// The best of a few runs, so that other work on the machine counts for little.
fn best(count: usize, dialect: &str, begin: &str, goes_on: &str) -> Duration {
    let mut body = String::new();
    for shape in [begin, goes_on] {
        for number in 0..count {
            writeln!(body, "{}", shape.replace('#', &number.to_string())).unwrap();
        }
    }
    (0..3).map(|_| time(&body, dialect.parse().unwrap())).min().unwrap()
}

fn time(body: &str, dialect: Dialect) -> Duration {
    let began = Instant::now();
    let (mut decoder, mut deltas) = (Ndjson::new(DecoderOptions::default()), Deltas::new(dialect));
    let (mut message, mut rest) = (Message::default(), body.as_bytes());
    while let Some(frame) = decoder.next(&mut rest).unwrap() {
        deltas.read(&frame, &mut |delta| message.push(delta)).unwrap();
    }
    began.elapsed()
}
