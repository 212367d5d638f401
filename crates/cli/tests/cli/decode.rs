//! Tests of `decode`: every row of the tables in `tests/cases` that its options can express, at several cuts.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{Done, Process, Run, each, table, tidewire};

const CUTS: [&[&str]; 3] = [&[], &["--chunk", "1"], &["--chunk", "random:7"]];

#[test]
fn streams() {
    let rows = table("stream.json");
    // Standard input never breaks, and is neither followed, resumed nor refused.
    let expressible = |row: &&Value| {
        ["broken", "follow", "last_event_id"].iter().all(|key| row.get(key).is_none())
            && row["end"]["outcome"] != "refused"
    };
    let rows: Vec<Value> = rows.iter().filter(expressible).cloned().collect();
    assert!(rows.len() >= 90, "{} rows", rows.len());
    each(&rows, name, |row| {
        let mut args = options(row);
        if let Some(format) = row["format"].as_str().or_else(|| format_of(row)) {
            args.extend(["--format".to_owned(), format.to_owned()]);
        }
        for (option, key) in
            [("--end-on", "end_on"), ("--fail-on", "fail_on"), ("--heartbeat-on", "heartbeat_on")]
        {
            let Some(markers) = row[key].as_array() else { continue };
            if markers.is_empty() {
                args.extend([option.to_owned(), "none".to_owned()]);
            }
            for marker in markers {
                args.extend([option.to_owned(), marker.as_str().unwrap().to_owned()]);
            }
        }
        for cut in CUTS {
            let done = decode(&args, cut, &wire(row));
            let (lines, end) = done.stream();
            let what = || format!("{}: {cut:?}: {done:?}", name(row));
            assert_eq!(comparable(lines), row["lines"].as_array().cloned().unwrap(), "{}", what());
            let want = row["end"].as_object().unwrap();
            for key in ["outcome", "events", "bytes", "cursor", "offset", "limit"] {
                // The end line of a whole stream has no cursor.
                let left_out = match key {
                    "events" | "bytes" => !want.contains_key(key),
                    "cursor" => done.status == Some(0),
                    _ => false,
                };
                assert!(left_out || end.get(key) == want.get(key), "{key}: {}", what());
            }
            check_status(&done, &end);
        }
    });
}

/// The tables of the decoders, which know no markers.
#[test]
fn decoders() {
    for (format, file) in [
        ("sse", "sse.json"),
        ("text", "text.json"),
        ("ndjson", "json_ndjson.json"),
        ("json-seq", "json_seq.json"),
        ("json-array", "json_array.json"),
        ("concat", "json_concat.json"),
    ] {
        let rows = table(file);
        let is_plain = |row: &&Value| row["options"]["done"] != true;
        let rows: Vec<Value> = rows.iter().filter(is_plain).cloned().collect();
        assert!(rows.len() >= 15, "{file}: {} rows", rows.len());
        each(&rows, name, |row| {
            let mut args = options(row);
            args.extend(["--format", format, "--end-on", "none", "--fail-on", "none"].map(str::to_owned));
            for cut in &CUTS[..2] {
                let done = decode(&args, cut, &wire(row));
                let (lines, end) = done.stream();
                let what = || format!("{file}: {}: {cut:?}: {done:?}", name(row));
                let lines: Vec<Value> =
                    comparable(lines).into_iter().filter(|line| line["type"] != "gap").collect();
                assert_eq!(lines, row["lines"].as_array().cloned().unwrap(), "{}", what());
                let outcome = if !row["end"]["error"].is_null() {
                    assert_eq!(end["offset"], row["end"]["offset"], "{}", what());
                    "unreadable"
                } else if row["end"]["inside_record"] == true {
                    "truncated"
                } else {
                    "ended"
                };
                assert_eq!(end["outcome"], outcome, "{}", what());
                check_status(&done, &end);
            }
        });
    }
}

#[test]
fn the_first_byte_selects_the_format() {
    for (input, kind, outcome) in [
        ("data: a\n\n", "event", "ended"),
        (" {\"a\":1}\n{\"a\":2}\n", "record", "ended"),
        ("[1,2]", "record", "ended"),
        ("\u{1e}1\n", "record", "ended"),
        ("\u{feff}data: a\n\n", "event", "ended"),
        ("[1,2", "record", "truncated"),
    ] {
        for cut in CUTS {
            let (lines, end) = decode(&[], cut, input.as_bytes()).stream();
            assert_eq!((&lines[0]["type"], &end["outcome"]), (&json!(kind), &json!(outcome)), "{input:?}");
        }
    }
}

#[test]
fn a_record_is_its_own_text_without_white_space() {
    let input = "{ \"b\" : 1.0E+2,\t\"a\":\"\\u00e9 \\/ x\",\"b\":1e999 , \"n\": 12345678901234567890 }\n";
    let done = decode(&[], &[], input.as_bytes());
    let want = r#"{"type":"record","index":0,"value":{"b":1.0E+2,"a":"\u00e9 \/ x","b":1e999,"n":12345678901234567890}}"#;
    assert_eq!(done.text().lines().next(), Some(want));
}

#[test]
fn fields_without_a_value_are_left_out() {
    let done = decode(&[], &[], b": c\nretry: 5\n\ndata: a\n\nid: 7\ndata\n\n");
    let want = r#"{"type":"comment","comment":"c"}
{"type":"retry","ms":5}
{"type":"event","event":"message","data":"a"}
{"type":"event","event":"message","data":"","id":"7"}
{"type":"end","outcome":"ended","events":2,"bytes":35}
"#;
    assert_eq!(done.text(), want);
}

#[test]
fn lines_are_printed_as_they_happen() {
    for format in ["auto", "sse"] {
        let mut process = Process::spawn(tidewire(["decode", "--format", format]).stdin(Stdio::piped()));
        process.write(b"data: first\n\ndata: sec");
        assert!(process.line().contains("first"));
        process.write(b"ond\r\r");
        assert!(process.line().contains("second"));
        process.close_stdin();
        assert!(process.line().contains(r#""outcome":"ended""#));
        assert_eq!(process.finish().status, Some(0));
    }
    let mut process = Process::spawn(tidewire(["decode", "--format", "text"]).stdin(Stdio::piped()));
    process.write(&"a中".as_bytes()[..2]);
    assert_eq!(process.line(), "{\"type\":\"text\",\"text\":\"a\"}\n");
    process.write(&"中".as_bytes()[1..]);
    assert_eq!(process.line(), "{\"type\":\"text\",\"text\":\"中\"}\n");
    assert_eq!(process.finish().status, Some(0));
}

#[test]
fn any_input_is_read_to_its_end() {
    let noise: Vec<u8> = (0_u32..300_000).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for format in ["auto", "sse", "ndjson", "json-seq", "json-array", "concat", "text"] {
        for cut in [CUTS[0], CUTS[2]] {
            let args =
                ["--format", format, "--max-event-bytes", "1000", "--skip-oversized"].map(str::to_owned);
            let done = decode(&args, cut, &noise);
            let (_, end) = done.stream();
            assert!(
                ["ended", "truncated", "unreadable"].contains(&end["outcome"].as_str().unwrap()),
                "{format}: {end}"
            );
            check_status(&done, &end);
        }
    }
}

fn decode(args: &[String], cut: &[&str], input: &[u8]) -> Done {
    let args = args.iter().map(String::as_str);
    tidewire(["decode"].into_iter().chain(args).chain(cut.iter().copied())).run_with(input)
}

/// The exit status is that of the outcome, and a problem is reported in one line.
fn check_status(done: &Done, end: &Value) {
    let status = match end["outcome"].as_str().unwrap() {
        "complete" | "ended" => 0,
        "truncated" => 3,
        "failed" => 5,
        "unreadable" => 8,
        other => panic!("unexpected outcome {other}"),
    };
    assert_eq!(done.status, Some(status), "{done:?}");
    if status == 0 {
        assert_eq!(done.stderr, "");
    } else {
        assert!(!done.complaint().is_empty());
    }
}

fn name(row: &Value) -> String {
    row["name"].as_str().unwrap().to_owned()
}

fn wire(row: &Value) -> Vec<u8> {
    match (row["wire"].as_str(), row["wire_hex"].as_str()) {
        (Some(text), None) => text.as_bytes().to_vec(),
        (None, Some(hex)) => (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex"))
            .collect(),
        _ => panic!("{}: wire or wire_hex", name(row)),
    }
}

fn options(row: &Value) -> Vec<String> {
    let Some(options) = row["options"].as_object() else { return Vec::new() };
    let flag = |(key, value): (&String, &Value)| {
        let flag = format!("--{}", key.replace('_', "-"));
        match value {
            Value::Bool(true) => vec![flag],
            Value::Number(number) => vec![flag, number.to_string()],
            _ => Vec::new(),
        }
    };
    options.iter().flat_map(flag).collect()
}

/// The format that a content type selects. That of `application/json` depends on the first byte.
fn format_of(row: &Value) -> Option<&'static str> {
    let content_type = row["content_type"].as_str()?.to_ascii_lowercase();
    Some(match content_type.split(';').next()?.trim() {
        "text/event-stream" => "sse",
        "text/plain" => "text",
        "application/json-seq" => "json-seq",
        "application/json" => {
            let wire = wire(row);
            let body = wire.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&wire);
            if String::from_utf8_lossy(body)
                .trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n'])
                .starts_with('[')
            {
                "json-array"
            } else {
                "concat"
            }
        }
        _ => "ndjson",
    })
}

/// The lines as the tables have them: without messages, and with adjacent texts joined.
fn comparable(lines: Vec<Value>) -> Vec<Value> {
    let mut compared: Vec<Value> = Vec::new();
    for mut line in lines {
        if line["type"] == "error" {
            assert!(!line["message"].as_str().unwrap().is_empty());
            line.as_object_mut().unwrap().remove("message");
        }
        match compared.last_mut() {
            Some(last) if last["type"] == "text" && line["type"] == "text" => {
                let joined = [&last["text"], &line["text"]].map(|text| text.as_str().unwrap()).concat();
                last["text"] = joined.into();
            }
            _ => compared.push(line),
        }
    }
    compared
}
