//! Runs the rows of `tests/cases/llm_*.json`, whole and at every cut.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tidewire_core::session::{At, Failure, Policy};
use tidewire_core::{Format, ResponseHead, Step, Stream, StreamOptions};
use tidewire_llm::{DIALECTS, Delta, Deltas, Dialect, Message};

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/cases");
const NOW: At = At::new(Duration::ZERO, 0);

#[test]
fn every_row_whole_and_at_every_cut() {
    let (mut files, mut rows) = (0, 0);
    for entry in fs::read_dir(CASES).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if !name.starts_with("llm_") {
            continue;
        }
        files += 1;
        for row in cases(&path) {
            rows += 1;
            check(name, &row);
        }
    }
    assert!(files >= 11 && rows >= 100, "rows are missing: {rows} in {files} files");
}

/// `auto` reads a row like the row's own dialect, if the first record identifies that dialect.
#[test]
fn auto_picks_the_dialect() {
    let mut picked = 0;
    for dialect in DIALECTS.iter().filter(|dialect| **dialect != "auto") {
        let path = Path::new(CASES).join(format!("llm_{}.json", dialect.replace('-', "_")));
        for row in cases(&path) {
            let Some(want) = row.get("auto") else { continue };
            let have = run(&row, &Dialect::Auto, &[], false);
            assert_eq!(have.dialect, want.as_str().unwrap(), "{dialect}: {}", row["name"]);
            picked += 1;
            if have.dialect == *dialect {
                let own = run(&row, &dialect.parse().unwrap(), &[], true);
                assert_eq!((own.lines, own.outcome), (have.lines, have.outcome), "{}", row["name"]);
            }
        }
    }
    assert!(picked >= 25, "{picked}");
}

/// The rows of a file, each with its dialect and content type.
fn cases(path: &Path) -> Vec<Value> {
    let table: Value = serde_json::from_str(&fs::read_to_string(path).unwrap())
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut rows = table["cases"].as_array().unwrap().clone();
    for row in &mut rows {
        for field in ["dialect", "content_type"] {
            if row.get(field).is_none() {
                row[field] = table[field].clone();
            }
        }
    }
    rows
}

fn check(file: &str, row: &Value) {
    let dialect: Dialect = row["dialect"].as_str().unwrap().parse().unwrap();
    let wire = wire(row);
    let mut cuts: Vec<Vec<usize>> = (0..wire.len()).map(|at| vec![at]).collect();
    cuts.push((1..wire.len()).collect());
    for (cuts, alike) in cuts.iter().flat_map(|cuts| [(cuts, false), (cuts, true)]) {
        let have = run(row, &dialect, cuts, alike);
        let place = || format!("{file}: {} cut at {:?}, {alike}", row["name"], &cuts[..cuts.len().min(3)]);
        if let Some(lines) = row.get("lines") {
            assert_eq!(Value::from(have.lines), *lines, "{}", place());
        }
        if let Some(message) = row.get("message") {
            assert_eq!(have.message, *message, "{}", place());
        }
        assert_eq!(
            have.bad,
            row.get("bad_records").and_then(Value::as_u64).unwrap_or_default(),
            "{}",
            place()
        );
        assert_eq!(have.outcome, row["outcome"].as_str().unwrap(), "{}", place());
        if let Some(error) = row.get("error") {
            assert_eq!(Value::from(have.error), *error, "{}", place());
        }
    }
}

struct Read {
    dialect: String,
    lines: Vec<Value>,
    message: Value,
    outcome: &'static str,
    error: Option<String>,
    bad: u64,
}

fn wire(row: &Value) -> Vec<u8> {
    let Some(data) = row.get("data") else { return row["wire"].as_str().unwrap().into() };
    // One event's data each.
    let events = data.as_array().unwrap().iter().map(|data| match data {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    });
    match row["content_type"].as_str().unwrap() {
        "text/event-stream" => events.map(|data| format!("data: {data}\n\n")).collect::<String>(),
        "application/json" => format!("[{}]", events.collect::<Vec<_>>().join(",\n")),
        _ => events.map(|data| data + "\n").collect(),
    }
    .into()
}

/// With `alike`, events like the one before are read without frames.
fn run(row: &Value, dialect: &Dialect, cuts: &[usize], alike: bool) -> Read {
    let policy = Policy { retry_attempts: 0, ..Policy::default() };
    let mut setup = StreamOptions { policy, format: Format::Auto, ..StreamOptions::default() };
    dialect.set_up(&mut setup);
    let mut stream = Stream::new(setup);
    stream.start(NOW);
    assert!(matches!(stream.next(NOW, &mut &[][..]), Step::Connect));
    stream.head(
        NOW,
        &ResponseHead { status: 200, content_type: row["content_type"].as_str(), ..ResponseHead::default() },
        Duration::ZERO,
    );
    let mut deltas = Deltas::new(dialect.clone());
    let (mut lines, mut message, mut bad) = (Vec::new(), Message::default(), 0);
    let mut sink = |delta: &Delta<'_>| {
        let mut line = String::new();
        delta.write_line(&mut line);
        lines.push(serde_json::from_str(&line).unwrap());
        message.push(delta);
    };
    let mut feed = |stream: &mut Stream, mut input: &[u8]| {
        stream.received(NOW, input.len());
        loop {
            if alike {
                deltas.read_alike(stream, NOW, &mut input, &mut sink);
            }
            match stream.next(NOW, &mut input) {
                Step::Frame { frame, .. } => match deltas.read(&frame, &mut sink) {
                    Ok(reply_state) => stream.reply_state(NOW, reply_state, deltas.error()),
                    Err(_) => bad += 1,
                },
                Step::Starved | Step::Closed => break,
                _ => {}
            }
        }
    };
    let wire = wire(row);
    let mut from = 0;
    for at in cuts.iter().copied().chain([wire.len()]) {
        feed(&mut stream, &wire[from..at]);
        from = at;
    }
    if row.get("broken").is_some() {
        stream.broke(NOW, Failure::Body, "reset".to_owned());
    } else {
        stream.body_end();
    }
    feed(&mut stream, &[]);
    deltas.finish(&mut |delta| message.push(delta));
    let mut line = String::new();
    message.write_line(deltas.dialect(), &mut line);
    let mut message: Map<String, Value> = serde_json::from_str(&line).unwrap();
    assert_eq!(message.remove("type"), Some(json!("message")));
    assert_eq!(message.remove("dialect"), Some(json!(deltas.dialect().name())));
    Read {
        dialect: deltas.dialect().to_string(),
        lines,
        message: message.into(),
        outcome: stream.outcome().expect("the stream is over").code(),
        error: stream.error().map(str::to_owned),
        bad,
    }
}
