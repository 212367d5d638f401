//! The list of cases that every language runs: the bodies of `tests/cases`, how each is decoded, and what `tidewire decode` prints then.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Map, Value, json};

use crate::build;
use crate::report::say;
use crate::run::Trouble;

const CASES: &str = "tests/cases";
/// The tables of formats, whose rows are bodies for a decoder.
const FORMATS: [(&str, &str); 6] = [
    ("sse", "sse"),
    ("text", "text"),
    ("json_ndjson", "ndjson"),
    ("json_seq", "json-seq"),
    ("json_array", "json-array"),
    ("json_concat", "concat"),
];

/// One body, and how it is decoded.
struct Case {
    name: String,
    body: Vec<u8>,
    /// By the names of the command's options, in camelCase.
    settings: Map<String, Value>,
}

/// Writes one JSON object per line: `name`, `settings`, `body` (hexadecimal), `chunk` (the size of the pieces, 0 for the whole body at
/// once) and `printed` (the lines that the command prints).
pub(crate) fn write(file: &Path) -> Result<(), Trouble> {
    let command = build::program("tidewire")?;
    let cases: Vec<Case> = formats()?.into_iter().chain(dialects()?).collect();
    let mut lines = String::new();
    for case in &cases {
        for chunk in [0, 1] {
            let line = json!({
                "name": case.name,
                "settings": case.settings,
                "body": hex(&case.body),
                "chunk": chunk,
                "printed": printed(&command, case, chunk)?,
            });
            lines += &format!("{line}\n");
        }
    }
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    }
    fs::write(file, lines).map_err(|error| failed(file, error))?;
    say!("{}: {} bodies, whole and byte by byte", file.display(), cases.len());
    Ok(())
}

fn formats() -> Result<Vec<Case>, Trouble> {
    let mut cases = Vec::new();
    for (table, format) in FORMATS {
        for row in rows(&format!("{table}.json"))? {
            let mut settings = Map::from_iter([("format".to_owned(), format.into())]);
            for (name, value) in row["options"].as_object().into_iter().flatten() {
                // What a decoder alone is told; a stream reads `[DONE]` by its markers.
                if name != "done" {
                    settings.insert(camel(name), value.clone());
                }
            }
            let body = body(&row);
            let ends: &[&str] = if row["line_ends"] == true { &["\n", "\r", "\r\n"] } else { &["\n"] };
            for end in ends {
                let body = body.iter().flat_map(|byte| match byte {
                    b'\n' => end.as_bytes(),
                    _ => std::slice::from_ref(byte),
                });
                let name = format!("{table}: {}", row["name"].as_str().unwrap_or_default());
                cases.push(Case { name, body: body.copied().collect(), settings: settings.clone() });
            }
        }
    }
    Ok(cases)
}

fn dialects() -> Result<Vec<Case>, Trouble> {
    let mut cases = Vec::new();
    let entries = fs::read_dir(CASES).map_err(|error| failed(Path::new(CASES), error))?;
    let mut tables: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    tables.sort();
    for table in tables.iter().filter(|name| name.starts_with("llm_")) {
        let whole = table_of(table)?;
        for row in rows(table)? {
            // The command's body does not break off.
            if row["broken"] == true {
                continue;
            }
            let of = |key: &str| row[key].as_str().or(whole[key].as_str()).unwrap_or_default().to_owned();
            let content_type = of("content_type");
            let format = match &*content_type {
                "text/event-stream" => "sse",
                "application/json" => "json-array",
                "text/plain" => "text",
                _ => "ndjson",
            };
            let body = match row["data"].as_array() {
                Some(events) => of_events(events, &content_type),
                None => body(&row),
            };
            cases.push(Case {
                name: format!("{table}: {}", row["name"].as_str().unwrap_or_default()),
                body,
                settings: Map::from_iter([
                    ("format".to_owned(), format.into()),
                    ("dialect".to_owned(), of("dialect").into()),
                ]),
            });
        }
    }
    Ok(cases)
}

fn of_events(events: &[Value], content_type: &str) -> Vec<u8> {
    let texts: Vec<String> =
        events.iter().map(|event| event.as_str().map_or_else(|| event.to_string(), str::to_owned)).collect();
    let body = match content_type {
        "text/event-stream" => texts.iter().map(|text| format!("data: {text}\n\n")).collect(),
        "application/json" => format!("[{}]", texts.join(",\n")),
        _ => texts.iter().map(|text| format!("{text}\n")).collect(),
    };
    body.into_bytes()
}

fn body(row: &Value) -> Vec<u8> {
    match row["wire_hex"].as_str() {
        Some(hex) => (0..hex.len() / 2)
            .filter_map(|at| u8::from_str_radix(hex.get(2 * at..2 * at + 2)?, 16).ok())
            .collect(),
        None => row["wire"].as_str().unwrap_or_default().as_bytes().to_vec(),
    }
}

/// The lines that the command prints for the body.
fn printed(command: &Path, case: &Case, chunk: usize) -> Result<Vec<String>, Trouble> {
    let mut decode = Command::new(command);
    decode.arg("decode");
    for (name, value) in &case.settings {
        let flag = kebab(name);
        match value {
            Value::Bool(true) => decode.arg(flag),
            Value::String(text) => decode.args([&flag, text]),
            value => decode.args([&flag, &value.to_string()]),
        };
    }
    if chunk > 0 {
        decode.args(["--chunk", &chunk.to_string()]);
    }
    let cannot = |error: std::io::Error| Trouble::Failed(format!("`tidewire decode`: {error}"));
    let mut child =
        decode.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().map_err(cannot)?;
    if let Some(mut input) = child.stdin.take() {
        // The command stops reading where the body is unreadable.
        let _ = input.write_all(&case.body);
    }
    let output = child.wait_with_output().map_err(cannot)?;
    let text = String::from_utf8(output.stdout)
        .map_err(|_| Trouble::Failed(format!("{}: the command's lines are not UTF-8", case.name)))?;
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    match lines.last() {
        Some(last) if last.starts_with(r#"{"type":"end""#) => Ok(lines),
        _ => Err(Trouble::Failed(format!("{}: the command printed no end", case.name))),
    }
}

fn table_of(table: &str) -> Result<Value, Trouble> {
    let file = Path::new(CASES).join(table);
    let text = fs::read_to_string(&file).map_err(|error| failed(&file, error))?;
    serde_json::from_str(&text).map_err(|error| failed(&file, error))
}

fn rows(table: &str) -> Result<Vec<Value>, Trouble> {
    Ok(table_of(table)?["cases"].as_array().cloned().unwrap_or_default())
}

fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |all, word| {
        let (head, tail) = word.split_at(word.len().min(1));
        all + &head.to_ascii_uppercase() + tail
    })
}

fn kebab(name: &str) -> String {
    let letters = name.chars().flat_map(|letter| {
        let dash = letter.is_ascii_uppercase().then_some('-');
        dash.into_iter().chain([letter.to_ascii_lowercase()])
    });
    "--".chars().chain(letters).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn failed(path: &Path, error: impl std::fmt::Display) -> Trouble {
    Trouble::Failed(format!("{}: {error}", path.display()))
}
