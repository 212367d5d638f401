//! Ollama's chat and generate: JSON lines, the last of which is `done`.

use serde_json::{Value, json};

use super::{
    parts::{BlockKind, ReplyPart},
    record_writer::RecordWriter,
    sample::{DATE, INPUT, MODEL, OUTPUT, OVERLOADED},
};

pub(super) fn chat(part: &ReplyPart, writer: &mut RecordWriter) {
    write(part, writer, |content, thinking, calls| {
        let mut message = json!({ "role": "assistant", "content": content });
        if let Some(thinking) = thinking {
            message["thinking"] = json!(thinking);
        }
        if let Some(calls) = calls {
            message["tool_calls"] = calls;
        }
        json!({ "message": message })
    });
}

/// Replies of `generate`, which has no tools.
pub(super) fn generate(part: &ReplyPart, writer: &mut RecordWriter) {
    if matches!(part, ReplyPart::Calls(..)) {
        return;
    }
    write(part, writer, |content, thinking, _| match thinking {
        Some(thinking) => json!({ "response": content, "thinking": thinking }),
        None => json!({ "response": content }),
    });
}

fn write(part: &ReplyPart, writer: &mut RecordWriter, line: fn(&str, Option<&str>, Option<Value>) -> Value) {
    let with_common_fields = |mut line: Value, done: bool| {
        line["model"] = json!(MODEL);
        line["created_at"] = json!(DATE);
        line["done"] = json!(done);
        line
    };
    match part {
        ReplyPart::Start | ReplyPart::KeepAlive | ReplyPart::Open(_) | ReplyPart::Close(_) => {}
        ReplyPart::Piece(block, piece) => writer.record(&with_common_fields(
            match block.kind {
                BlockKind::Reasoning => line("", Some(piece), None),
                BlockKind::Text | BlockKind::Refusal => line(piece, None, None),
            },
            false,
        )),
        ReplyPart::Calls(_, calls) => {
            let calls: Vec<_> = calls
                .iter()
                .map(|call| json!({ "id": call.id, "function": { "name": call.name, "arguments": call.input() } }))
                .collect();
            writer.record(&with_common_fields(line("", None, Some(json!(calls))), false));
        }
        ReplyPart::Finish(_) => {
            let mut last = with_common_fields(line("", None, None), true);
            last["done_reason"] = json!("stop");
            last["prompt_eval_count"] = json!(INPUT);
            last["eval_count"] = json!(OUTPUT);
            writer.record(&last);
        }
        ReplyPart::Fail => writer.record(&json!({ "error": OVERLOADED })),
    }
}
