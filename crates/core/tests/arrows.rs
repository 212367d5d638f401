//! The arrows between the modules of the core (DESIGN.md, section 1), read off its sources.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::Path;

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
/// The modules that put framings and session together; all others know at most one side.
const BOTH_SIDES: [&str; 2] = ["lib.rs", "stream/"];

#[test]
fn no_module_imports_what_it_must_not() {
    let mut sources = Vec::new();
    collect(Path::new(SOURCES), &mut sources);
    let in_session = sources.iter().filter(|(path, _)| path.starts_with("session/")).count();
    assert!(in_session >= 5 && sources.len() >= 20, "the sources are elsewhere: {} files", sources.len());
    let found: Vec<String> = sources.iter().flat_map(|(path, source)| violations(path, source)).collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_wrong_import_is_found() {
    for (path, source) in [
        ("session/mod.rs", "use crate::sse::Sse;"),
        ("session/mod.rs", "use super::decoder::Decoder;"),
        ("session/backoff.rs", "use super::super::frame::Frame;"),
        ("session/watch.rs", "use crate::{session::Limit, text};"),
        ("session/watch.rs", "fn f() { crate::json::compact(b\"\"); }"),
        (
            "session/policy.rs",
            "use crate::{\n    session::Limit,\n    marked_decoder::{MarkedDecoder, MarkedFrame},\n};",
        ),
        ("session/tests.rs", "use crate::Decoder;"),
        ("json/tests.rs", "use crate::session::At;"),
        ("sse.rs", "use crate::session::Session;"),
        ("text.rs", "use super::session;"),
        ("json/mod.rs", "use super::session::At;"),
        ("json/word.rs", "use super::super::session::At;"),
        ("json/word.rs", "use crate::Stream;"),
        ("json/scan.rs", "use crate::{frame::Frame, session};"),
        ("decoder.rs", "fn f(at: crate::session::At) {}"),
        ("marked_decoder.rs", "use crate::stream::Stream;"),
        ("sse.rs", "use std::vec::Vec;"),
        ("stream.rs", "fn f() { ::std::process::exit(1) }"),
        ("session/mod.rs", "extern crate std;"),
    ] {
        assert!(!violations(path, source).is_empty(), "{path}: {source}");
    }
}

#[test]
fn a_right_import_is_accepted() {
    for (path, source) in [
        ("session/mod.rs", "use super::session::At; use crate::session::Outcome;"),
        ("session/backoff.rs", "use super::policy::Policy;"),
        ("session/mod.rs", "/// See [`crate::Stream`] and `std::time::Duration`.\nfn f() {} // crate::sse"),
        ("stream/mod.rs", "use crate::session::Session; use crate::sse::Sse;"),
        ("lib.rs", "#[cfg(test)]\nextern crate std;\npub mod session;"),
        ("json/scan.rs", "use super::word::DONE; use crate::frame::Frame;"),
        ("sse.rs", "fn f() {}\n#[cfg(test)]\nmod tests {\n    use std::vec::Vec;\n}\n"),
        ("json/tests.rs", "use crate::{Frame, DecoderOptions};"),
        ("session/tests.rs", "use std::vec;"),
        ("session/tests/timeline.rs", "use std::println; use super::super::*;"),
    ] {
        assert_eq!(violations(path, source), Vec::<String>::new(), "{path}: {source}");
    }
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

fn violations(path: &str, source: &str) -> Vec<String> {
    let code = without_comments(source);
    let of_tests = path.ends_with("/tests.rs") || path.contains("/tests/");
    let code = if of_tests { code } else { without_tests(&code) };
    let mut found = Vec::new();
    for module in from_the_root(path, &code) {
        // What the root lends belongs to some module, so outside tests it is to be named with it.
        let from_module = of_tests || module.starts_with(|c: char| c.is_ascii_lowercase());
        let allowed = match path.starts_with("session/") {
            // Numbers know of nothing here.
            true => ["session", "numbers", "replace"].contains(&module.as_str()),
            false => from_module && !["session", "stream"].contains(&module.as_str()),
        };
        if !allowed && !BOTH_SIDES.iter().any(|both| path.starts_with(both)) {
            found.push(format!("{path} imports {module}"));
        }
    }
    let says_std = ["std::", "extern crate std"].iter().any(|word| {
        code.match_indices(word)
            .any(|(at, _)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
    });
    if says_std && !of_tests {
        found.push(format!("{path} uses std"));
    }
    found
}

/// The first names of all paths that begin at the crate's root.
fn from_the_root(path: &str, code: &str) -> Vec<String> {
    let module = path.trim_end_matches(".rs").trim_end_matches("/mod");
    let depth = if module == "lib" { 0 } else { module.split('/').count() };
    let up = "super::".repeat(depth);
    let mut names = Vec::new();
    for root in ["crate::", &up] {
        let starts = code.match_indices(root).filter(|_| !root.is_empty());
        for (at, _) in starts.filter(|(at, _)| !code[..*at].ends_with("super::")) {
            let rest = &code[at + root.len()..];
            match rest.strip_prefix('{') {
                Some(group) => names.extend(first_names(group)),
                None => names.push(name(rest)),
            }
        }
    }
    names.retain(|name| !name.is_empty() && name != "super");
    names
}

/// The first name of each path in a group, whose `{` is already taken.
fn first_names(group: &str) -> Vec<String> {
    let mut depth = 0;
    let mut names = vec![name(group)];
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(name(&group[at + 1..])),
            _ => {}
        }
    }
    names
}

fn name(path: &str) -> String {
    path.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

fn without_comments(source: &str) -> String {
    source.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// Without what stands after `#[cfg(test)]`: one line, or a module up to its closing brace.
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
