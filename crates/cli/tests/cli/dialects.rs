//! Tests of `--dialect`: every row of the dialects' tables through `decode`, and replies through `get`.

use serde_json::{Value, json};

use crate::support::{Run, Upstream, each, table, tidewire};

/// The dialect, and the format of rows that do not name their content type.
const TABLES: [(&str, &str); 11] = [
    ("openai-chat", "sse"),
    ("openai-responses", "sse"),
    ("anthropic", "sse"),
    ("gemini", "sse"),
    ("ollama", "ndjson"),
    ("cohere", "sse"),
    ("mistral", "sse"),
    ("bedrock-json", "ndjson"),
    ("vercel-ui", "sse"),
    ("ag-ui", "sse"),
    ("generic", "sse"),
];

#[test]
fn decode_prints_deltas_the_message_and_the_outcome() {
    for (dialect, format) in TABLES {
        // Standard input never breaks.
        let rows = table(&format!("llm_{}.json", dialect.replace('-', "_")));
        let rows: Vec<Value> = rows.into_iter().filter(|row| row.get("broken").is_none()).collect();
        assert!(rows.len() >= 8, "{dialect}: {} rows", rows.len());
        let name = |row: &Value| format!("{dialect}: {}", row["name"]);
        each(&rows, name, |row| {
            let format = match row["content_type"].as_str() {
                None => format,
                Some("application/x-ndjson") => "ndjson",
                Some("application/json") => "json-array",
                Some("text/plain") => "text",
                Some(other) => panic!("{other}"),
            };
            let dialect = row["dialect"].as_str().unwrap_or(dialect);
            for cut in [&[][..], &["--chunk", "random:3"]] {
                let args = ["decode", "--format", format, "--dialect", dialect];
                let done = tidewire(args.into_iter().chain(cut.iter().copied())).run_with(&wire(row, format));
                let (mut lines, end) = done.stream();
                let what = || format!("{}: {cut:?}: {done:?}", name(row));
                assert_eq!(end["outcome"], row["outcome"], "{}", what());
                let mut message = lines.pop().unwrap();
                let fields = message.as_object_mut().unwrap();
                assert_eq!(fields.remove("type"), Some(json!("message")), "{}", what());
                fields.remove("dialect");
                if let Some(want) = row.get("message") {
                    assert_eq!(message, *want, "{}", what());
                }
                if let Some(want) = row.get("lines") {
                    let deltas = lines.iter().filter(|line| line["type"] == "delta");
                    assert_eq!(deltas.cloned().collect::<Value>(), *want, "{}", what());
                }
                let bad = lines.iter().filter(|line| line["code"] == "bad_record").count() as u64;
                if let Some(want) = row["bad_records"].as_u64() {
                    assert_eq!(bad, want, "{}", what());
                }
            }
        });
    }
}

fn wire(row: &Value, format: &str) -> Vec<u8> {
    let Some(data) = row["data"].as_array() else { return row["wire"].as_str().unwrap().into() };
    let records = data.iter().map(|data| data.as_str().map_or_else(|| data.to_string(), str::to_owned));
    match format {
        "sse" => records.map(|data| format!("data: {data}\n\n")).collect::<String>(),
        "json-array" => format!("[{}]", records.collect::<Vec<_>>().join(",")),
        _ => records.map(|data| data + "\n").collect(),
    }
    .into()
}

#[test]
fn get_reads_a_reply() {
    let server = Upstream::start();
    let url = server.url("/chat?interval_ms=0");
    let get = |output| tidewire(["get", &url, "-X", "POST", "--dialect", "auto", "--output", output]).run();
    let (mut lines, end) = get("events").stream();
    let message = lines.pop().unwrap();
    assert_eq!((&message["type"], &message["dialect"]), (&json!("message"), &json!("openai-chat")));
    assert_eq!(end["outcome"], "complete");
    let texts = lines.iter().filter(|line| line["kind"] == "text");
    let text: String = texts.map(|line| line["text"].as_str().unwrap()).collect();
    assert!(!text.is_empty() && message["text"] == text, "{message}");
    assert_eq!(get("text").text().trim_end(), text.trim_end());
    assert_eq!(get("pretty").text().trim_end(), text.trim_end());
    let cut = server.url("/chat?interval_ms=0&cut_at=900&end=clean");
    let done = tidewire(["get", &cut, "-X", "POST", "--dialect", "openai-chat", "--output", "events"]).run();
    assert_eq!((done.status, &done.stream().1["outcome"]), (Some(3), &json!("truncated")));
}

/// When a followed reply breaks, it starts over, and the message is that of the last attempt.
#[test]
fn a_followed_reply_has_one_message() {
    let server = Upstream::start();
    let message = |query: &str| {
        let url = server.url(&format!("/chat?interval_ms=0{query}"));
        let done = tidewire(["get", &url, "--follow", "--dialect", "openai-chat", "--output", "events"])
            .args(["--retry-delay", "1"])
            .run();
        let (mut lines, end) = done.stream();
        assert_eq!(end["outcome"], "complete", "{done:?}");
        (lines.iter().any(|line| line["type"] == "gap"), lines.pop().unwrap())
    };
    let (_, whole) = message("");
    assert_eq!(message("&cut_at=900&cuts=1&key=followed"), (true, whole));
}
