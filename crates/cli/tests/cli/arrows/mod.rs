//! Tests of the arrows between the modules of this crate, read from its sources.

mod imports;

use std::collections::BTreeSet;
use std::path::Path;

use self::imports::{ROOT, code, sources, used_modules};

/// The modules in order: each may use only those before it.
#[rustfmt::skip]
const LAYERS: &[&str] = &[
    "terminal", "exit", "stop", "usage", "data", "lines", "redact",
    "serve::tls", "serve::connection", "serve::script", "serve::encoding", "serve::body", "serve::texts", "serve::params", "serve::response",
    "serve::scenario_file::format", "serve::scenario_file::parser", "serve::scenario_file::writer", "serve::scenario_file",
    "serve::scenarios::pace", "serve::scenarios::sse", "serve::scenarios::chat", "serve::scenarios::http", "serve::scenarios::feed",
    "serve::scenarios::json", "serve::scenarios::wire",
    "serve::scenarios::llm::sample", "serve::scenarios::llm::parts", "serve::scenarios::llm::record_writer",
    "serve::scenarios::llm::ag_ui", "serve::scenarios::llm::anthropic", "serve::scenarios::llm::bedrock_json",
    "serve::scenarios::llm::cohere", "serve::scenarios::llm::gemini", "serve::scenarios::llm::mistral",
    "serve::scenarios::llm::ollama", "serve::scenarios::llm::openai_chat", "serve::scenarios::llm::openai_responses",
    "serve::scenarios::llm::vercel_ui", "serve::scenarios::llm", "serve::scenarios",
    "serve::scenario", "serve::access", "serve::log", "serve::routes", "serve::server", "serve::command", "serve",
    "args", "advice",
    "get::figures", "get::frame_text", "get::text_output", "get::pretty", "get::printer", "get::record", "get::request", "get",
    "decode", ROOT,
];

/// Test modules with a file of their own; they may use everything.
const TESTS: [&str; 2] = ["serve::tests", "serve::tests::tls"];

fn source_folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))
}

#[test]
fn modules_use_only_modules_before_them() {
    let mut sources = sources(source_folder());
    sources.retain(|module, _| !TESTS.contains(&module.as_str()));
    let modules: BTreeSet<String> = sources.keys().cloned().collect();
    let listed: BTreeSet<String> = LAYERS.iter().map(|module| (*module).to_owned()).collect();
    assert_eq!(modules, listed, "LAYERS lists every module");
    let layer = |module: &str| LAYERS.iter().position(|listed| *listed == module);
    let wrong: Vec<String> = sources
        .iter()
        .flat_map(|(module, source)| {
            let used = used_modules(module, source, &modules);
            used.into_iter()
                .filter(|used| layer(used) > layer(module))
                .map(move |used| format!("{module} uses {used}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    // The check is worth nothing if it finds no uses.
    let count: usize =
        sources.iter().map(|(module, source)| used_modules(module, source, &modules).len()).sum();
    assert!(count > 100, "only {count} arrows");
}

#[test]
fn output_goes_through_the_terminal_module_alone() {
    for (module, source) in sources(source_folder()) {
        let code = code(&source);
        for bypass in ["io::stdout", "io::stderr", "println!", "print!(", "dbg!", "anstream"] {
            assert!(module == "terminal" || !code.contains(bypass), "{module} has {bypass}");
        }
    }
}

#[test]
fn uses_are_found_however_they_are_written() {
    let modules: BTreeSet<String> =
        ["a", "a::b", "a::b::c", "d", ROOT].into_iter().map(str::to_owned).collect();
    let rows: [(&str, &str, &[&str]); 22] = [
        ("a", "use crate::d::Thing;", &["d"]),
        ("a", "use crate::{d::{self, Thing}, a::b::c};", &["a::b::c", "d"]),
        ("a", "use crate::{a::b::{c::{X, Y,},}, d::Z,};", &["a::b::c", "d"]),
        ("a", "use crate::d::*;", &["d"]),
        ("a::b", "use super::super::d;", &["d"]),
        ("a::b", "use super::Thing;", &["a"]),
        ("a::b", "use super::{c, Thing};", &["a"]),
        ("a::b", "use self::c::Thing;", &["a::b::c"]),
        ("a::b", "fn f() { c::run() }", &["a::b::c"]),
        (
            "a",
            "fn f() { let x: Vec<crate::d::Thing<u8>> = crate::d::new::<u8>(&[crate::a::b::X]); }",
            &["a::b", "d"],
        ),
        ("d", "impl crate::a::b::Trait for X {}", &["a::b"]),
        ("d", "use crate::Root;", &[ROOT]),
        (ROOT, "mod a; mod d; fn main() { d::run() }", &["d"]),
        (ROOT, "pub use self::a::{b::c::X, Y};", &["a", "a::b::c"]),
        ("a", "mod inside { use super::super::d::X; fn f() { super::b::g() } }", &["a::b", "d"]),
        ("a", "vec![crate::d::X]", &["d"]),
        // None of these uses another module.
        ("a", "use std::d::X; use ::d::Y; use other::a::b;", &[]),
        ("a", "// crate::d\n/// crate::d\nfn f() { let x = \"crate::d\"; let d = 1; d.x; }", &[]),
        ("a", "use crate::a::X; use self::Y;", &[]),
        ("a", "#[cfg(test)]\nmod tests { use crate::d; }", &[]),
        ("a", "#[cfg(test)]\n#[allow(x)]\nfn f() -> [u8; 2] { crate::d::x() }", &[]),
        ("a::b", "#[cfg(test)] mod c; #[derive(crate::d::X)] struct Y;", &[]),
    ];
    for (module, source, want) in rows {
        let want: BTreeSet<String> = want.iter().map(|module| (*module).to_owned()).collect();
        assert_eq!(used_modules(module, source, &modules), want, "{module}: {source}");
    }
}
