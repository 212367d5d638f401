//! The arrows between the modules of the client (DESIGN.md, section 1), read off its sources: the modules stand in a line, and each
//! imports only from those before it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src");

/// The line. A folder stands for the files in it that are not listed themselves; these may import each other.
const LINE: &[&str] = &[
    // What everything else is made of.
    "platform/future.rs",
    "platform/native/time.rs",
    "platform/native/mod.rs",
    "platform/browser/time.rs",
    "platform/browser/mod.rs",
    "platform/mod.rs",
    "secret.rs",
    "redact.rs",
    "error.rs",
    "event.rs",
    "wire.rs",
    "input.rs",
    "json_fields.rs",
    "body.rs",
    "cursor.rs",
    "origins.rs",
    "template.rs",
    // HTTP.
    "transport/message.rs",
    "transport/native",
    "transport/browser",
    "transport/mod.rs",
    // The request of one attempt.
    "attempt.rs",
    "preparation.rs",
    "shared.rs",
    // What watches a stream.
    "observe/emit.rs",
    "observe/metrics.rs",
    "observe/trace.rs",
    "observe/on.rs",
    "observe/off.rs",
    "observe/mod.rs",
    // A stream: what it is made of, itself, and its driver.
    "streaming/queue.rs",
    "streaming/item_mapper.rs",
    "streaming/hooks.rs",
    "streaming/parts.rs",
    "streaming/background.rs",
    "streaming/relay.rs",
    "streaming/io.rs",
    "streaming/mod.rs",
    "streaming/next.rs",
    "streaming/finish.rs",
    "streaming/connect.rs",
    "streaming/receive.rs",
    "streaming/wait.rs",
    "streaming/drive.rs",
    "reply.rs",
    // Where the caller starts.
    "request/mod.rs",
    "request/attempts.rs",
    "request/format.rs",
    "request/markers.rs",
    "request/resume.rs",
    "request/time.rs",
    "request/hooks.rs",
    "request/streams.rs",
    "client.rs",
    "with_fetch.rs",
    "with_reqwest.rs",
    "lib.rs",
];

#[test]
fn each_module_imports_only_from_those_before_it() {
    let sources = sources();
    assert!(sources.len() >= 40, "the sources are elsewhere: {} files", sources.len());
    let found: Vec<String> =
        sources.iter().flat_map(|(path, source)| violations(&sources, path, source)).collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn each_entry_of_the_line_exists() {
    let sources = sources();
    for entry in LINE {
        let folder = format!("{entry}/");
        let exists = sources.iter().any(|(path, _)| path == entry || path.starts_with(&folder));
        assert!(exists, "{entry}");
    }
}

#[test]
fn a_wrong_import_is_found() {
    let sources = sources();
    for (path, source) in [
        ("template.rs", "use crate::attempt::AttemptRequest;"),
        ("transport/mod.rs", "use crate::{body::Body, client::Client};"),
        ("transport/native/send.rs", "use super::super::{Chunk, Response};"),
        ("transport/native/send.rs", "fn f(_: crate::streaming::io::Io) {}"),
        ("transport/native/send.rs", "use super::super::super::request::Request;"),
        ("streaming/parts.rs", "use crate::request::Request;"),
        ("streaming/parts.rs", "use super::drive;"),
        ("streaming/parts.rs", "use super::{hooks::Hooks, Streaming};"),
        ("streaming/io.rs", "use crate::streaming::Streaming;"),
        ("streaming/mod.rs", "use self::next::Next;"),
        ("streaming/mod.rs", "use crate::{\n    error::Error,\n    streaming::{io::Io, next::Next},\n};"),
        ("streaming/mod.rs", "mod next;\npub use next::Next;"),
        ("observe/emit.rs", "use super::on::Observer;"),
        ("error.rs", "use crate::Client;"),
        ("error.rs", "use super::*;"),
        ("error.rs", "mod inner {\n    use super::super::client::Client;\n}"),
        ("error.rs", "mod inner {}\nuse super::client::Client;"),
        ("unknown.rs", "use std::fmt;"),
    ] {
        assert!(!violations(&sources, path, source).is_empty(), "{path}: {source}");
    }
}

#[test]
fn a_right_import_is_not() {
    let sources = sources();
    for (path, source) in [
        ("attempt.rs", "use crate::template::RequestTemplate; use url::Url;"),
        (
            "transport/native/send.rs",
            "use super::super::message::Chunk; use super::body::BodyReader; use crate::body::Body;",
        ),
        ("streaming/mod.rs", "use self::hooks::Hooks; use crate::error::{Error, StreamEnd};"),
        ("streaming/drive.rs", "use super::{Streaming, io::Io}; use crate::streaming::queue::Item;"),
        ("template.rs", "/// See [`crate::Request`].\nfn f() {} // crate::client"),
        ("template.rs", "pub(crate) struct X { pub(super) y: u8 }"),
        ("client.rs", "mod inner {\n    use super::super::error::Error;\n}\nuse super::error::Error;"),
        ("error.rs", "enum A {}\nmod inner {\n    use super::A;\n}"),
        ("lib.rs", "mod client;\npub use client::Client;"),
        ("error.rs", "#[cfg(test)]\nmod tests {\n    use crate::Client;\n}\n"),
    ] {
        assert_eq!(violations(&sources, path, source), Vec::<String>::new(), "{path}: {source}");
    }
}

/// All files, by their path in `src`, with their text.
fn sources() -> Vec<(String, String)> {
    let mut sources = Vec::new();
    collect(Path::new(SOURCES), &mut sources);
    sources
}

fn collect(folder: &Path, sources: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, sources);
        } else {
            let name = path.strip_prefix(SOURCES).unwrap().to_str().unwrap().replace('\\', "/");
            sources.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
}

fn violations(sources: &[(String, String)], path: &str, source: &str) -> Vec<String> {
    let Some(own) = place(path) else { return vec![format!("{path} has no place in the line")] };
    let mut found = Vec::new();
    for import in imports(path, &without_tests(&without_comments(source))) {
        let Some(file) = file_of(sources, &import) else { continue };
        let is_before = place(&file).is_some_and(|other| other <= own);
        if file != path && !is_before {
            found.push(format!("{path} imports {} of {file}", import.join("::")));
        }
    }
    found
}

/// Where the file stands in the line.
fn place(path: &str) -> Option<usize> {
    LINE.iter().position(|entry| *entry == path).or_else(|| {
        LINE.iter().position(|entry| path.strip_prefix(entry).is_some_and(|rest| rest.starts_with('/')))
    })
}

/// The file that a path from the crate's root leads to: the innermost module on it.
fn file_of(sources: &[(String, String)], import: &[String]) -> Option<String> {
    let exists = |path: &String| sources.iter().any(|(other, _)| other == path);
    (0..=import.len()).rev().find_map(|depth| {
        let module = import[..depth].join("/");
        let names = match &*module {
            "" => vec!["lib.rs".to_owned()],
            module => vec![format!("{module}.rs"), format!("{module}/mod.rs")],
        };
        names.into_iter().find(exists)
    })
}

/// The paths within the crate that the code names, from the crate's root.
fn imports(path: &str, code: &str) -> BTreeSet<Vec<String>> {
    let own: Vec<String> = match path.trim_end_matches(".rs").trim_end_matches("/mod") {
        "lib" => Vec::new(),
        module => module.split('/').map(str::to_owned).collect(),
    };
    let mut found = BTreeSet::new();
    let tokens = tokens(code);
    // Modules inside the file: their names, and the depth of braces at which they end.
    let (mut inside, mut ends, mut depth) = (own, Vec::new(), 0);
    for at in 0..tokens.len() {
        let before = at.checked_sub(1).map_or("", |before| tokens[before]);
        let after = tokens.get(at + 1).copied().unwrap_or_default();
        match tokens[at] {
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                if ends.pop_if(|end| *end == depth).is_some() {
                    inside.pop();
                }
            }
            name if before == "mod" && after == "{" => {
                inside.push(name.to_owned());
                ends.push(depth);
            }
            _ => {}
        }
        let is_rooted = ["crate", "self", "super"].contains(&tokens[at]) && after == "::" && before != "::";
        // A bare path begins at a child of this module, or at another crate.
        let names_child = before == "use" && code.contains(&format!("mod {};", tokens[at]));
        if is_rooted || names_child {
            read_path(&tokens, at, &inside, &mut found);
        }
    }
    found
}

/// Reads one path, or a group of paths, that starts at token `at` and is relative to the module `base`. Returns where it ends.
fn read_path(tokens: &[&str], mut at: usize, base: &[String], found: &mut BTreeSet<Vec<String>>) -> usize {
    let mut path = base.to_vec();
    while let Some(token) = tokens.get(at) {
        match *token {
            "{" => {
                at += 1;
                while tokens.get(at).is_some_and(|token| *token != "}") {
                    at = if tokens[at] == "," { at + 1 } else { read_path(tokens, at, &path, found) };
                }
                return at + 1;
            }
            "crate" => path.clear(),
            "self" | "*" => {}
            "super" => _ = path.pop(),
            name => path.push(name.to_owned()),
        }
        at += 1;
        match tokens.get(at) {
            Some(&"::") => at += 1,
            Some(&"as") => {
                at += 2;
                break;
            }
            _ => break,
        }
    }
    found.insert(path);
    at
}

/// The names and marks of the code.
fn tokens(code: &str) -> Vec<&str> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut tokens = Vec::new();
    let mut rest = code;
    while let Some(first) = rest.chars().next() {
        let length = if is_word(first) {
            rest.find(|c: char| !is_word(c)).unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        if !first.is_whitespace() {
            tokens.push(&rest[..length]);
        }
        rest = &rest[length..];
    }
    tokens
}

fn without_comments(source: &str) -> String {
    source.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// Without what follows `#[cfg(test)]`: one line, or a module up to its closing brace.
fn without_tests(code: &str) -> String {
    let mut kept = Vec::new();
    let mut lines = code.lines();
    while let Some(line) = lines.next() {
        if line.trim() != "#[cfg(test)]" {
            kept.push(line);
            continue;
        }
        let indent = &line[..line.len() - line.trim_start().len()];
        if lines.next().is_some_and(|item| item.ends_with('{')) {
            let end = format!("{indent}}}");
            lines.by_ref().find(|line| *line == end);
        }
    }
    kept.join("\n")
}
