//! What a stream that did not end well says on standard error: what happened, and what can be done about it.

use tidewire::{Limit, Outcome, Refusal, StreamEnd};

/// How much of what the peer says is shown, in characters.
const SHOWN: usize = 300;

/// The error in one line.
pub(crate) fn what_to_do(ending: &StreamEnd) -> String {
    let advice = match ending.outcome {
        Outcome::Truncated if ending.cursor.is_some() => {
            "; go on with --last-event-id, or let it resume by itself with --resume always"
        }
        Outcome::Truncated => "; what came is not all of it",
        Outcome::Unreachable if ending.stats.bytes > 0 => "; it answers, but no event came whole",
        Outcome::Unreachable => "; is the server running, and is the URL right?",
        Outcome::TimedOut(limit) => {
            return format!("{ending}; raise it with {}, where 0 is none", option(limit));
        }
        Outcome::Unreadable { limit: Some(_), .. } => " (--max-event-bytes, --skip-oversized)",
        Outcome::Refused { why: Refusal::ContentType, .. } => " (--format)",
        Outcome::Refused { status: 300..=399, .. } => "; it leads round in a circle, or nowhere",
        Outcome::Refused { status: 401 | 403, .. } => {
            "; does it want a header like -H 'Authorization: Bearer …'?"
        }
        _ => "",
    };
    let body = ending.refused.as_ref().map(|reply| shortened(&String::from_utf8_lossy(&reply.body)));
    let body = body.filter(|body| !body.is_empty()).map(|body| format!("; the server says: {body}"));
    format!("{}{advice}{}", shortened(&ending.to_string()), body.unwrap_or_default())
}

const fn option(limit: Limit) -> &'static str {
    match limit {
        Limit::Connect => "--connect-timeout",
        Limit::FirstEvent => "--first-event-timeout",
        Limit::Idle => "--idle-timeout",
        Limit::Progress => "--progress-timeout",
        _ => "--timeout",
    }
}

/// The text in one line, and without its end if it is long.
fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
