//! Ollama's chat and generate: lines of JSON, the last of which is `done`.

use serde_json::{Value, json};

use super::{
    facts::{DATE, INPUT, MODEL, OUTPUT, OVERLOADED},
    story::{Kind, Part},
    voice::Voice,
};

pub(super) fn chat(part: &Part, voice: &mut Voice) {
    say(part, voice, |content, thinking, calls| {
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

/// There are no tools.
pub(super) fn generate(part: &Part, voice: &mut Voice) {
    if matches!(part, Part::Calls(..)) {
        return;
    }
    say(part, voice, |content, thinking, _| match thinking {
        Some(thinking) => json!({ "response": content, "thinking": thinking }),
        None => json!({ "response": content }),
    });
}

fn say(part: &Part, voice: &mut Voice, line: fn(&str, Option<&str>, Option<Value>) -> Value) {
    let told = |mut line: Value, done: bool| {
        line["model"] = json!(MODEL);
        line["created_at"] = json!(DATE);
        line["done"] = json!(done);
        line
    };
    match part {
        Part::Start | Part::KeepAlive | Part::Open(_) | Part::Close(_) => {}
        Part::Piece(block, piece) => voice.record(&told(
            match block.kind {
                Kind::Thought => line("", Some(piece), None),
                Kind::Text | Kind::Refusal => line(piece, None, None),
            },
            false,
        )),
        Part::Calls(_, calls) => {
            let calls: Vec<_> = calls
                .iter()
                .map(|call| json!({ "id": call.id, "function": { "name": call.name, "arguments": call.input() } }))
                .collect();
            voice.record(&told(line("", None, Some(json!(calls))), false));
        }
        Part::Finish(_) => {
            let mut last = told(line("", None, None), true);
            last["done_reason"] = json!("stop");
            last["prompt_eval_count"] = json!(INPUT);
            last["eval_count"] = json!(OUTPUT);
            voice.record(&last);
        }
        Part::Fail => voice.record(&json!({ "error": OVERLOADED })),
    }
}
