//! Reads recorded replies with a real JSON parser, by the providers' documentation, to compare with the dialects.

use serde_json::{Value, json};
use tidewire_llm::Message;

use crate::corpus::Recording;
use crate::naive::records;
use crate::oracle::Ends;

/// The content of a reply.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Reading {
    text: String,
    reasoning: String,
    /// Id, name, and arguments (as a value if they are JSON).
    calls: Vec<(String, String, Value)>,
    /// The provider's own word.
    finish: String,
    /// Input tokens and output tokens.
    usage: (Option<u64>, Option<u64>),
}

impl From<&mut Message> for Reading {
    fn from(message: &mut Message) -> Self {
        let calls = message
            .tool_calls
            .iter()
            .map(|call| (call.id.clone(), call.name.clone(), arguments(call.arguments())));
        Self {
            text: message.text.clone(),
            reasoning: message.reasoning.clone(),
            calls: calls.collect(),
            finish: message.finish_said.clone(),
            usage: (message.usage.input_tokens, message.usage.output_tokens),
        }
    }
}

fn arguments(text: &str) -> Value {
    if text.is_empty() {
        return json!({});
    }
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

/// Collects the arguments of tool calls as they arrive.
#[derive(Default)]
struct Calls {
    /// The provider's key, id, name and arguments.
    list: Vec<(String, String, String, String)>,
}

impl Calls {
    fn begin(&mut self, key: &Value, id: &Value, name: &Value) {
        self.list.push((key.to_string(), text(id), text(name), String::new()));
    }

    fn of(&mut self, key: &Value) -> Option<&mut String> {
        let key = key.to_string();
        self.list.iter_mut().rev().find(|call| call.0 == key).map(|call| &mut call.3)
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn each(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The content of a whole recording, in its first choice.
pub(crate) fn of(recording: &Recording) -> Reading {
    let (mut reading, mut calls) = (Reading::default(), Calls::default());
    // Some recordings have further replies after the first.
    for record in records(recording).into_iter().take(Ends::of(recording).last_record()) {
        if record.data == "[DONE]" {
            break;
        }
        let Ok(event) = serde_json::from_str::<Value>(&record.data) else {
            reading.text += &record.data;
            continue;
        };
        match recording.dialect {
            "openai-chat" => chat(&event, &mut reading, &mut calls),
            "openai-responses" => responses(&event, &mut reading, &mut calls),
            "anthropic" => anthropic(&event, &mut reading, &mut calls),
            "gemini" => gemini(&event, &mut reading, &mut calls),
            "gemini-interactions" => interactions(&event, &mut reading, &mut calls),
            "ollama" => ollama(&event, &mut reading, &mut calls),
            "cohere" => cohere(&event, &mut reading, &mut calls),
            "bedrock-json" => bedrock(&event, &mut reading, &mut calls),
            _ => generic(&event, &mut reading),
        }
    }
    let calls = calls.list.into_iter().map(|(_, id, name, json)| (id, name, arguments(&json)));
    reading.calls = calls.collect();
    reading
}

fn interactions(event: &Value, reading: &mut Reading, calls: &mut Calls) {
    let (step, delta) = (&event["step"], &event["delta"]);
    match event["event_type"].as_str().unwrap() {
        "step.start" if step["type"] == "function_call" => {
            calls.begin(&event["index"], &step["id"], &step["name"]);
        }
        "step.delta" => match delta["type"].as_str().unwrap() {
            "text" => reading.text += &text(&delta["text"]),
            "thought_summary" => reading.reasoning += &text(&delta["content"]["text"]),
            "arguments_delta" => *calls.of(&event["index"]).unwrap() += &text(&delta["arguments"]),
            _ => {}
        },
        "interaction.completed" => {
            let usage = &event["interaction"]["usage"];
            count(&mut reading.usage, &usage["total_input_tokens"], &usage["total_output_tokens"]);
            reading.finish = text(&event["interaction"]["status"]);
        }
        _ => {}
    }
}

fn count(usage: &mut (Option<u64>, Option<u64>), input: &Value, output: &Value) {
    usage.0 = input.as_u64().or(usage.0);
    usage.1 = output.as_u64().or(usage.1);
}

fn chat(event: &Value, reading: &mut Reading, calls: &mut Calls) {
    let usage = [&event["usage"], &event["x_groq"]["usage"]].into_iter().find(|usage| !usage.is_null());
    if let Some(usage) = usage {
        count(&mut reading.usage, &usage["prompt_tokens"], &usage["completion_tokens"]);
    }
    for choice in each(&event["choices"]).filter(|choice| choice["index"].as_u64().unwrap_or(0) == 0) {
        let delta = &choice["delta"];
        reading.text += &text(&delta["content"]);
        reading.text += &text(&choice["text"]);
        for piece in each(&delta["content"]) {
            reading.text += &text(&piece["text"]);
            for thought in each(&piece["thinking"]) {
                reading.reasoning += &text(&thought["text"]);
            }
        }
        let said = [&delta["reasoning_content"], &delta["reasoning"]];
        match said.into_iter().find(|said| said.as_str().is_some_and(|said| !said.is_empty())) {
            Some(said) => reading.reasoning += &text(said),
            None => each(&delta["reasoning_details"])
                .for_each(|detail| reading.reasoning += &text(&detail["text"])),
        }
        for call in each(&delta["tool_calls"]) {
            // In these recordings a call has an index or arrives whole, and its id tells whether it is new.
            let key = if call["index"].is_null() { &call["id"] } else { &call["index"] };
            let written = key.to_string();
            let known = calls.list.iter().any(|known| {
                known.0 == written && (text(&call["id"]).is_empty() || known.1 == text(&call["id"]))
            });
            if !known {
                calls.begin(key, &call["id"], &call["function"]["name"]);
            }
            *calls.of(key).unwrap() += &text(&call["function"]["arguments"]);
        }
        if reading.finish.is_empty() {
            reading.finish = text(&choice["finish_reason"]);
        }
    }
}

fn responses(event: &Value, reading: &mut Reading, calls: &mut Calls) {
    let item = &event["item"];
    let is_call = matches!(item["type"].as_str(), Some("function_call" | "custom_tool_call"));
    match event["type"].as_str().unwrap() {
        "response.output_text.delta" => reading.text += &text(&event["delta"]),
        "response.reasoning_text.delta" | "response.reasoning_summary_text.delta" => {
            reading.reasoning += &text(&event["delta"]);
        }
        "response.output_item.added" if is_call => {
            calls.begin(&event["output_index"], &item["call_id"], &item["name"]);
        }
        // The finished item has all arguments.
        "response.output_item.done" if is_call => {
            let whole = if item["input"].is_null() { &item["arguments"] } else { &item["input"] };
            *calls.of(&event["output_index"]).unwrap() = text(whole);
        }
        "response.completed" => {
            let usage = &event["response"]["usage"];
            count(&mut reading.usage, &usage["input_tokens"], &usage["output_tokens"]);
            reading.finish = "completed".to_owned();
        }
        _ => {}
    }
}

fn anthropic(event: &Value, reading: &mut Reading, calls: &mut Calls) {
    let (block, delta) = (&event["content_block"], &event["delta"]);
    match event["type"].as_str().unwrap() {
        "message_start" => {
            let usage = &event["message"]["usage"];
            count(&mut reading.usage, &usage["input_tokens"], &usage["output_tokens"]);
        }
        "content_block_start" => {
            if block["type"] == "text" {
                reading.text += &text(&block["text"]);
            }
            if block["type"] == "tool_use" {
                calls.begin(&event["index"], &block["id"], &block["name"]);
                if block["input"].as_object().is_some_and(|input| !input.is_empty()) {
                    *calls.of(&event["index"]).unwrap() = block["input"].to_string();
                }
            }
        }
        "content_block_delta" => match delta["type"].as_str().unwrap() {
            "text_delta" => reading.text += &text(&delta["text"]),
            "thinking_delta" => reading.reasoning += &text(&delta["thinking"]),
            "input_json_delta" => {
                if let Some(json) = calls.of(&event["index"]) {
                    *json += &text(&delta["partial_json"]);
                }
            }
            _ => {}
        },
        "message_delta" => {
            count(&mut reading.usage, &event["usage"]["input_tokens"], &event["usage"]["output_tokens"]);
            if let Some(reason) = delta["stop_reason"].as_str() {
                reading.finish = reason.to_owned();
            }
        }
        _ => {}
    }
}

fn gemini(event: &Value, reading: &mut Reading, calls: &mut Calls) {
    let usage = &event["usageMetadata"];
    count(&mut reading.usage, &usage["promptTokenCount"], &usage["candidatesTokenCount"]);
    for candidate in each(&event["candidates"]) {
        for part in each(&candidate["content"]["parts"]) {
            let call = &part["functionCall"];
            if call.is_object() {
                if !call["name"].is_null() {
                    calls.begin(&json!(calls.list.len()), &call["id"], &call["name"]);
                    let args = if call["args"].is_null() { json!({}) } else { call["args"].clone() };
                    calls.list.last_mut().unwrap().3 = args.to_string();
                }
                for part in each(&call["partialArgs"]) {
                    let json = &mut calls.list.last_mut().unwrap().3;
                    let mut args: Value = serde_json::from_str(json).unwrap();
                    // In these recordings all arguments are strings, one level deep.
                    let key = part["jsonPath"].as_str().unwrap().strip_prefix("$.").unwrap();
                    args[key] = json!(text(&args[key]) + &text(&part["stringValue"]));
                    *json = args.to_string();
                }
            } else if part["thought"] == true {
                reading.reasoning += &text(&part["text"]);
            } else {
                reading.text += &text(&part["text"]);
            }
        }
        if let Some(reason) = candidate["finishReason"].as_str() {
            reading.finish = reason.to_owned();
        }
    }
}

fn ollama(event: &Value, reading: &mut Reading, calls: &mut Calls) {
    let message = &event["message"];
    reading.reasoning += &text(&message["thinking"]);
    reading.text += &text(&message["content"]);
    reading.text += &text(&event["response"]);
    for call in each(&message["tool_calls"]) {
        let key = Value::from(calls.list.len());
        calls.begin(&key, &call["id"], &call["function"]["name"]);
        *calls.of(&key).unwrap() = call["function"]["arguments"].to_string();
    }
    if event["done"] == true {
        reading.finish = event["done_reason"].as_str().unwrap_or("stop").to_owned();
        count(&mut reading.usage, &event["prompt_eval_count"], &event["eval_count"]);
    }
}

fn cohere(event: &Value, reading: &mut Reading, calls: &mut Calls) {
    let message = &event["delta"]["message"];
    let call = &message["tool_calls"];
    match event["type"].as_str().unwrap() {
        "content-start" | "content-delta" => {
            reading.text += &text(&message["content"]["text"]);
            reading.reasoning += &text(&message["content"]["thinking"]);
        }
        "tool-plan-delta" => reading.reasoning += &text(&message["tool_plan"]),
        "tool-call-start" => calls.begin(&event["index"], &call["id"], &call["function"]["name"]),
        "tool-call-delta" => *calls.of(&event["index"]).unwrap() += &text(&call["function"]["arguments"]),
        "message-end" => {
            let tokens = &event["delta"]["usage"]["tokens"];
            count(&mut reading.usage, &tokens["input_tokens"], &tokens["output_tokens"]);
            reading.finish = text(&event["delta"]["finish_reason"]);
        }
        _ => {}
    }
}

fn bedrock(event: &Value, reading: &mut Reading, calls: &mut Calls) {
    let (start, delta) = (&event["contentBlockStart"], &event["contentBlockDelta"]);
    let tool = &start["start"]["toolUse"];
    if tool.is_object() {
        calls.begin(&start["contentBlockIndex"], &tool["toolUseId"], &tool["name"]);
    }
    reading.text += &text(&delta["delta"]["text"]);
    reading.reasoning += &text(&delta["delta"]["reasoningContent"]["text"]);
    if let Some(input) = delta["delta"]["toolUse"]["input"].as_str() {
        *calls.of(&delta["contentBlockIndex"]).unwrap() += input;
    }
    if let Some(reason) = event["messageStop"]["stopReason"].as_str() {
        reading.finish = reason.to_owned();
    }
    let usage = &event["metadata"]["usage"];
    count(&mut reading.usage, &usage["inputTokens"], &usage["outputTokens"]);
}

/// Reads the text of streams that are not replies of a known provider, if they have any.
fn generic(event: &Value, reading: &mut Reading) {
    reading.text += &text(&event["value"]);
    reading.text += &text(&event["results"][0]["generated_text"]);
}
