//! The numbers and names that the package shares with its core, as TypeScript.

use std::fmt::Write;

use tidewire_core::Format;
use tidewire_core::session::{Limit, Outcome, Reason, Refusal};
use tidewire_page::abi::{GROUPS, Number, format};

/// A module with all of them.
pub(crate) fn typescript() -> String {
    let mut text = String::from(
        "// Made by `cargo xtask npm` of crates/page/src/abi.rs: the numbers and names that the core has too.\n",
    );
    for (prefix, numbers) in GROUPS {
        text.push('\n');
        for Number { name, value, docs } in numbers {
            let docs: Vec<_> = docs.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect();
            _ = writeln!(text, "/** {} */", docs.join(" "));
            _ = writeln!(text, "export const {prefix}{name} = {value};");
        }
    }
    let outcomes = [
        Outcome::Complete,
        Outcome::Ended,
        Outcome::Truncated,
        Outcome::Failed,
        Outcome::Refused { status: 0, why: Refusal::Status },
        Outcome::TimedOut(Limit::Total),
        Outcome::Unreachable,
        Outcome::Unreadable { offset: 0, limit: None },
        Outcome::Cancelled,
    ];
    let limits =
        [Limit::Connect, Limit::FirstEvent, Limit::Idle, Limit::Progress, Limit::Total, Limit::Queue];
    let reasons = [
        Reason::Connect,
        Reason::Head,
        Reason::Body,
        Reason::Status,
        Reason::End,
        Reason::Idle,
        Reason::Progress,
        Reason::FirstEvent,
        Reason::Kick,
    ];
    let formats = FORMATS.map(|(format, _)| format.name());
    let accepts = FORMATS.map(|(format, _)| format.accept());
    list(
        &mut text,
        "OUTCOMES",
        "How a stream ended, by its number.",
        &outcomes.map(|outcome| outcome.code()),
    );
    list(&mut text, "LIMITS", "Which time limit passed, by its number.", &limits.map(Limit::name));
    list(&mut text, "REASONS", "Why another attempt is made, by its number.", &reasons.map(Reason::name));
    list(&mut text, "FORMATS", "The names of the formats, by their numbers.", &formats);
    list(&mut text, "ACCEPTS", "The values of `Accept`, by the numbers of the formats.", &accepts);
    text.push_str("\n/** The formats that content types announce. */\nexport const TYPES: { [type: string]: number } = {\n");
    for (name, format) in Format::CONTENT_TYPES {
        let number = FORMATS.iter().find(|(known, _)| *known == format).map_or(0, |(_, number)| *number);
        _ = writeln!(text, "  {name:?}: {number},");
    }
    text.push_str("};\n");
    text
}

/// The formats with their numbers, in the order of these.
const FORMATS: [(Format, u32); 7] = [
    (Format::Auto, format::AUTO),
    (Format::Sse, format::SSE),
    (Format::Text, format::TEXT),
    (Format::Ndjson, format::NDJSON),
    (Format::JsonSeq, format::JSON_SEQ),
    (Format::JsonArray, format::JSON_ARRAY),
    (Format::Concat, format::CONCAT),
];

fn list(text: &mut String, name: &str, docs: &str, words: &[&str]) {
    _ = writeln!(text, "\n/** {docs} */\nexport const {name} = {words:?} as const;");
}
