//! Every shape of a reply that `serve` sends, read by `get --dialect`: its deltas, its message, and its outcome.

use serde_json::{Value, json};
use tidewire_cli::serve::REPLY_SHAPES;

use crate::support::{Done, Process, Run, Upstream, each, listening, tidewire};

const REASONING: &str = "They ask about the sea. I look at the weather and the tide.";
const TEXT: &str = "The sea at Sète is **calm** today 🌊 and the water has 18 °C.\n\n海面很平静，适合游泳。";
const REFUSAL: &str = "I'm sorry, I can't help with that.";

struct Row {
    dialect: &'static str,
    form: &'static str,
    /// The dialect that `auto` recognises, if it is another one.
    auto: Option<&'static str>,
    /// Whether it has tool calls.
    calls: bool,
    /// The provider's own finish of `reply=all`.
    said: &'static str,
    usage: Option<Value>,
    /// The fields of its message that not all messages have.
    more: Value,
    /// The error in the end line.
    error: &'static str,
    retryable: bool,
    /// The provider's own finish after a filter, if it has one.
    filter: Option<&'static str>,
}

#[rustfmt::skip]
fn rows() -> Vec<Row> {
    let all = json!({"input_tokens": 11, "output_tokens": 29, "total_tokens": 40, "reasoning_tokens": 7, "cached_tokens": 5});
    let both = json!({"input_tokens": 11, "output_tokens": 29});
    let cached = json!({"input_tokens": 11, "output_tokens": 29, "cached_tokens": 5});
    let sum = json!({"input_tokens": 11, "output_tokens": 29, "total_tokens": 40});
    let cached_sum = json!({"input_tokens": 11, "output_tokens": 29, "total_tokens": 40, "cached_tokens": 5});
    let created = "1760000000";
    let date = "2025-10-09T08:53:20Z";
    let model = "tidewire-demo";
    let named = |id: &str| json!({"id": id, "model": model});
    let dated = |id: &str| json!({"id": id, "model": model, "created": created});
    let row = |dialect, form, said, usage: Option<&Value>, more, error, retryable, filter| {
        let auto = (dialect == "mistral").then_some("openai-chat");
        Row { dialect, form, auto, calls: form != "generate", said, usage: usage.cloned(), more, error, retryable, filter }
    };
    vec![
        row("openai-chat", "", "tool_calls", Some(&all), dated("chatcmpl-tidewire"), "server_error: ", true, Some("content_filter")),
        row("openai-responses", "", "completed", Some(&all), dated("resp_tidewire"), "server_error: ", true, Some("content_filter")),
        row("anthropic", "", "tool_use", Some(&cached), named("msg_tidewire"), "overloaded_error: ", true, None),
        row("gemini", "sse", "STOP", Some(&all), named("tidewire"), "UNAVAILABLE: ", true, Some("SAFETY")),
        row("gemini", "array", "STOP", Some(&all), named("tidewire"), "UNAVAILABLE: ", true, Some("SAFETY")),
        row("ollama", "chat", "stop", Some(&both), json!({"model": model, "created": date}), "", false, None),
        row("ollama", "generate", "stop", Some(&both), json!({"model": model, "created": date}), "", false, None),
        row("cohere", "", "TOOL_CALL", Some(&cached), json!({"id": "tidewire"}), "ERROR: ", false, Some("ERROR_TOXIC")),
        row("mistral", "", "tool_calls", Some(&sum), dated("tidewire"), "internal_server_error: ", true, None),
        row("bedrock-json", "", "tool_use", Some(&cached_sum), json!({}), "serviceUnavailableException: ", true, Some("content_filtered")),
        row("vercel-ui", "", "tool-calls", None, json!({"id": "tidewire"}), "", false, Some("content-filter")),
        row("ag-ui", "", "stop", None, json!({"id": "tidewire"}), "overloaded: ", true, None),
    ]
}

impl Row {
    fn name(&self) -> String {
        format!("{} {}", self.dialect, self.form)
    }

    /// Runs `get --dialect` on this shape, with further parameters. It is a POST, which is not repeated by itself.
    fn get(&self, server: &Upstream, dialect: &str, more: &str) -> Done {
        let form = if self.form.is_empty() { String::new() } else { format!("&form={}", self.form) };
        let path = format!("/llm?dialect={}{form}&interval_ms=0{more}", self.dialect);
        server.get(&path, &["-X", "POST", "--dialect", dialect])
    }

    /// The message of `reply=all`.
    fn message(&self) -> Value {
        let mut message = self.more.clone();
        message["type"] = json!("message");
        message["text"] = json!(TEXT);
        message["reasoning"] = json!(REASONING);
        if self.calls {
            let weather = json!({"city": "Sète", "note": "a \"calm\" sea 🌊, 🌊 \\o/", "days": 3});
            let tide = json!({"port": "Brest", "at": ["06:10", "18:35"]});
            message["tool_calls"] = json!([
                {"id": "call_0", "name": "weather", "arguments": weather},
                {"id": "call_1", "name": "tide", "arguments": tide},
            ]);
        }
        // Ollama says `stop` even when it calls tools.
        message["finish"] = json!(if self.calls { "tool_calls" } else { "stop" });
        message["finish_said"] = json!(self.said);
        if let Some(usage) = &self.usage {
            message["usage"] = usage.clone();
        }
        message
    }
}

/// The lines of deltas, the message and the end line.
fn parts(done: &Done) -> (Vec<Value>, Value, Value) {
    let (mut lines, end) = done.stream();
    let message = lines.pop().unwrap_or_default();
    assert_eq!(message["type"], "message", "{done:?}");
    (lines, message, end)
}

#[test]
fn every_shape_has_a_row() {
    let rows: Vec<_> = rows().iter().map(|row| (row.dialect, row.form)).collect();
    let shapes: Vec<_> = REPLY_SHAPES.iter().map(|shape| (shape.dialect, shape.form)).collect();
    assert_eq!(rows, shapes);
}

#[test]
fn each_reply_is_read_whole_and_auto_recognises_it() {
    let server = Upstream::start();
    each(&rows(), Row::name, |row| {
        for (asked, read) in [(row.dialect, row.dialect), ("auto", row.auto.unwrap_or(row.dialect))] {
            let done = row.get(&server, asked, "");
            let (_, mut message, end) = parts(&done);
            assert_eq!((done.status, &end["outcome"]), (Some(0), &json!("complete")), "{done:?}");
            let fields = message.as_object_mut().unwrap();
            assert_eq!(fields.remove("dialect"), Some(json!(read)));
            // Signatures of reasoning and the like.
            fields.remove("raw");
            assert_eq!(message, row.message());
        }
    });
}

#[test]
fn an_error_in_the_middle_ends_the_stream() {
    let server = Upstream::start();
    each(&rows(), Row::name, |row| {
        for asked in [row.dialect, "auto"] {
            let done = row.get(&server, asked, "&error=1");
            let (lines, message, end) = parts(&done);
            assert_eq!((done.status, &end["outcome"]), (Some(5), &json!("failed")), "{done:?}");
            assert_eq!(end["error"], format!("{}the model is overloaded", row.error));
            let error = lines.iter().rfind(|line| line["type"] == "delta").unwrap();
            assert_eq!((&error["kind"], &error["retryable"]), (&json!("error"), &json!(row.retryable)));
            let text = message["text"].as_str().unwrap();
            assert!(!text.is_empty() && TEXT.starts_with(text), "{text}");
        }
    });
}

/// Without its last records, broken off or ended; and cut anywhere in the text.
#[test]
fn a_reply_without_its_end_is_truncated() {
    let server = Upstream::start();
    each(&rows(), Row::name, |row| {
        for (end, more) in
            ["&unfinished=1", "&unfinished=1&end=clean", "&cut_at=1500", "&cut_at=1500&end=clean"]
                .into_iter()
                .enumerate()
        {
            for asked in [row.dialect, "auto"] {
                let done = row.get(&server, asked, more);
                let (_, message, ending) = parts(&done);
                assert_eq!(
                    (done.status, &ending["outcome"]),
                    (Some(3), &json!("truncated")),
                    "{more}: {done:?}"
                );
                if end < 2 {
                    assert_eq!(message["text"], TEXT, "{more}");
                    assert_eq!(message.get("finish"), None, "{more}");
                }
            }
        }
    });
}

#[test]
fn other_kinds_of_reply() {
    let server = Upstream::start();
    each(&rows(), Row::name, |row| {
        let done = row.get(&server, row.dialect, "&reply=filter");
        match row.filter {
            Some(word) => {
                let (_, message, end) = parts(&done);
                assert_eq!(end["outcome"], "complete", "{done:?}");
                assert_eq!(
                    (&message["finish"], &message["finish_said"]),
                    (&json!("content_filter"), &json!(word))
                );
                assert_eq!(message["text"], TEXT);
            }
            None => assert_eq!(done.status, Some(4), "{done:?}"),
        }
        let done = row.get(&server, row.dialect, "&reply=refusal");
        match row.dialect {
            "openai-chat" | "openai-responses" => {
                let (_, message, end) = parts(&done);
                assert_eq!((&message["refusal"], &end["outcome"]), (&json!(REFUSAL), &json!("complete")));
            }
            "anthropic" => {
                let (_, message, end) = parts(&done);
                assert_eq!((&message["finish"], &end["outcome"]), (&json!("refusal"), &json!("complete")));
            }
            _ => assert_eq!(done.status, Some(4), "{done:?}"),
        }
        let done = row.get(&server, row.dialect, "&reply=json");
        let (_, message, end) = parts(&done);
        let json: Value = serde_json::from_str(message["text"].as_str().unwrap()).unwrap();
        assert_eq!((&json["degrees"], &end["outcome"]), (&json!(18), &json!("complete")), "{done:?}");
        let done = row.get(&server, row.dialect, "&reply=text&events=20");
        let (lines, message, end) = parts(&done);
        assert_eq!((&end["outcome"], message.get("tool_calls")), (&json!("complete"), None), "{done:?}");
        // As many tokens as were asked for, and one more piece for each wave that is cut in two.
        let texts = lines.iter().filter(|line| line["kind"] == "text").count();
        assert!((20..=22).contains(&texts), "{texts}");
    });
}

#[test]
fn keep_alives_are_those_of_the_provider() {
    let server = Upstream::start();
    for (dialect, keep_alive) in [
        ("openai-chat", ": keep-alive\n\n"),
        ("openai-responses", "event: keepalive\n"),
        ("anthropic", "event: ping\n"),
    ] {
        let url = server.url(&format!("/llm?dialect={dialect}&interval_ms=0"));
        let done = tidewire(["get", &url, "--record", "-"]).run();
        let body: String =
            done.lines().iter().filter_map(|line| Some(line["text"].as_str()?.to_owned())).collect();
        assert!(body.contains(keep_alive), "{dialect}: {body}");
    }
}

#[test]
fn an_unknown_shape_is_refused() {
    let server = Upstream::start();
    for path in ["/llm?dialect=generic", "/llm?dialect=gemini&form=chat", "/llm?reply=poem"] {
        let done = server.get(path, &[]);
        assert_eq!(done.status, Some(4), "{path}: {done:?}");
    }
}

/// `serve --dialect` answers in it at every path. A background response is read over as many requests as it takes.
#[test]
fn a_server_of_one_dialect() {
    let mut server = Process::spawn(&mut tidewire(["serve", "--port", "0", "--dialect", "openai-responses"]));
    let base = listening(&server.line());
    let (scenario, responses) =
        (format!("{base}/llm?interval_ms=0"), format!("{base}/v1/responses?interval_ms=0"));
    let get = |url: &str, more: &[&str]| {
        let args = ["get", url, "-d", "{}", "--dialect", "openai-responses", "--output", "events"];
        let done = tidewire(args.into_iter().chain(more.iter().copied())).run();
        let (_, message, end) = parts(&done);
        (message, end["outcome"].clone(), end["attempts"].clone())
    };
    let (whole, outcome, _) = get(&scenario, &[]);
    assert_eq!(outcome, "complete");
    let cut = format!("{responses}&cut_at=4000");
    let (message, outcome, attempts) = get(&cut, &["--resume", "always", "--retry-delay", "1"]);
    assert_eq!((message, outcome), (whole, json!("complete")));
    assert!(attempts.as_u64() > Some(2), "{attempts}");
    let (_, outcome, attempts) = get(&cut, &[]);
    assert_eq!((outcome, attempts), (json!("truncated"), json!(1)));
}
