//! Loads the recordings, and tells the dialect of each.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use tidewire::Format;

use crate::naive::records;

/// A recorded stream.
pub(crate) struct Recording {
    pub(crate) name: String,
    pub(crate) format: Format,
    pub(crate) dialect: &'static str,
    pub(crate) body: Vec<u8>,
}

/// All recordings except the binary ones; `None`, with a notice, if there are none.
pub(crate) fn recordings() -> Option<Vec<Recording>> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/corpus").to_owned();
    let root = PathBuf::from(std::env::var("TIDEWIRE_CORPUS").unwrap_or(default));
    let Ok(manifest) = fs::read_to_string(root.join("manifest.json")) else {
        println!("NOT RUN: no recorded streams in {}; set TIDEWIRE_CORPUS to their folder", root.display());
        return None;
    };
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    let entries = manifest["entries"].as_array().unwrap().iter();
    Some(
        entries
            .filter(|entry| entry["format"] != "aws-eventstream")
            .map(|entry| {
                let name = entry["file"].as_str().unwrap();
                let body = fs::read(root.join(name)).unwrap();
                recording(name, entry["format"].as_str().unwrap(), body)
            })
            .flat_map(|recording| [in_array(&recording), Some(recording)])
            .flatten()
            .collect(),
    )
}

fn recording(name: &str, format: &str, body: Vec<u8>) -> Recording {
    let text = String::from_utf8(body).unwrap();
    let dialect = dialect(name, &text);
    // Other recordings have the data of one event per line. Bedrock's events are not SSE.
    let (format, body) = match format {
        "sse" => (Format::Sse, text),
        "ndjson" => (Format::Ndjson, text),
        _ if dialect == "bedrock-json" => (Format::Ndjson, text),
        _ => (Format::Sse, text.lines().map(|line| format!("data: {line}\n\n")).collect()),
    };
    Recording { name: name.to_owned(), format, dialect, body: body.into_bytes() }
}

/// The same records as the elements of one array, as Google sends them without `alt=sse`.
fn in_array(recording: &Recording) -> Option<Recording> {
    if recording.dialect != "gemini" {
        return None;
    }
    let data: Vec<String> = records(recording).into_iter().map(|record| record.data).collect();
    let body = format!("[{}\n]\n", data.join("\n,\r\n")).into_bytes();
    let name = format!("{} in an array", recording.name);
    Some(Recording { name, format: Format::JsonArray, dialect: "gemini", body })
}

/// The dialect of a recording, by its source; for servers with several dialects, by words in its text.
fn dialect(name: &str, text: &str) -> &'static str {
    let in_name = |words: &[&str]| words.iter().any(|word| name.contains(word));
    match () {
        () if in_name(&[
            "mcp.deepwiki",
            "launchdarkly",
            "us-south.ml",
            "completions_legacy--0",
            "interactions--",
            "live-speech",
        ]) =>
        {
            "generic"
        }
        () if in_name(&["openai-compatible"]) => "openai-chat",
        () if in_name(&["anthropic"]) => "anthropic",
        () if in_name(&["cohere"]) => "cohere",
        () if in_name(&["ollama"]) => "ollama",
        () if in_name(&["generativelanguage", "vercel-ai/google/"]) => "gemini",
        () if in_name(&["vercel-ai/amazon-bedrock"]) => "bedrock-json",
        () if text.contains("\"response.created\"") || text.contains("\"response.queued\"") => {
            "openai-responses"
        }
        () if text.contains("\"choices\"") => "openai-chat",
        () => panic!("{name}: no dialect"),
    }
}
