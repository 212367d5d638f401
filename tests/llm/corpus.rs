//! Loads the recordings, and tells the dialect of each.

use std::fs;
use std::path::Path;

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
    let shared = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared");
    let default = || [format!("{shared}/corpus"), format!("{shared}/corpus-2")].join(":");
    let folders = std::env::var("TIDEWIRE_CORPUS").unwrap_or_else(|_| default());
    let mut all = Vec::new();
    for folder in folders.split(':') {
        match fs::read_to_string(Path::new(folder).join("manifest.json")) {
            Ok(manifest) => all.extend(listed(Path::new(folder), &serde_json::from_str(&manifest).unwrap())),
            Err(_) => println!(
                "NOT RUN: no recorded streams in {folder}; set TIDEWIRE_CORPUS to their folders, with `:` between them"
            ),
        }
    }
    (!all.is_empty()).then_some(all)
}

/// The recordings that a manifest lists.
fn listed(root: &Path, manifest: &Value) -> Vec<Recording> {
    let entries = manifest["entries"].as_array().unwrap().iter();
    entries
        .filter(|entry| entry["format"] != "aws-eventstream")
        .map(|entry| {
            let name = entry["file"].as_str().unwrap();
            let body = fs::read(root.join(name)).unwrap();
            recording(name, entry["format"].as_str().unwrap(), body)
        })
        .flat_map(|recording| [in_array(&recording), Some(recording)])
        .flatten()
        .collect()
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
            "live-speech",
        ]) =>
        {
            "generic"
        }
        () if text.contains("\"interaction.created\"") => "gemini-interactions",
        () if in_name(&["openai-compatible", "chat/completions"]) => "openai-chat",
        () if in_name(&["anthropic"]) => "anthropic",
        () if in_name(&["cohere"]) => "cohere",
        () if in_name(&["ollama"]) => "ollama",
        () if in_name(&["generativelanguage", "vercel-ai/google/", "streamGenerateContent"]) => "gemini",
        () if in_name(&["vercel-ai/amazon-bedrock"]) => "bedrock-json",
        () if text.contains("\"response.created\"") || text.contains("\"response.queued\"") => {
            "openai-responses"
        }
        () if text.contains("\"choices\"") => "openai-chat",
        () => panic!("{name}: no dialect"),
    }
}
