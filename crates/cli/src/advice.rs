//! What the command prints to standard error when a stream did not end well: what happened, and what can be done about it.

use std::borrow::Cow;

use tidewire::{Limit, Outcome, Refusal, StreamEnd};

/// The most characters of a peer's text that are shown.
const MAX_SHOWN: usize = 300;

/// The facts about the request on which advice depends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Situation {
    /// `--resume always` would continue the stream after a break: it is not in effect, and the user did not choose `--resume never`.
    pub(crate) could_resume: bool,
    /// `--last-event-id` can continue the stream after its last event.
    pub(crate) continues_by_id: bool,
    /// The request carried credentials.
    pub(crate) has_credentials: bool,
}

/// The error in one line. An option is advised only if it would help with this request.
pub(crate) fn describe(end: &StreamEnd, situation: Situation) -> String {
    let what = match (end.outcome, &end.error) {
        (Outcome::Unreachable, None) if end.stats.bytes > 0 => {
            "the server answers, but no event arrived whole".to_owned()
        }
        (Outcome::Unreachable, Some(problem)) if end.stats.bytes > 0 => {
            format!("no event arrived whole: {}", shortened(problem))
        }
        _ => shortened(&end.to_string()),
    };
    format!("{what}{}", advice(end, situation))
}

fn advice(end: &StreamEnd, situation: Situation) -> Cow<'static, str> {
    match end.outcome {
        Outcome::Truncated => truncated(end, situation),
        Outcome::Unreachable if is_unanswered(end) => "; is the server running, and is the URL right?".into(),
        Outcome::TimedOut(limit) => format!("; raise it with {}, where 0 turns it off", option(limit)).into(),
        Outcome::Unreadable { limit: Some(_), .. } => " (--max-event-bytes, --skip-oversized)".into(),
        Outcome::Refused { why: Refusal::ContentType, .. } if is_page(end) => {
            " (--format); that is a page: is the URL right?".into()
        }
        Outcome::Refused { why: Refusal::ContentType, .. } => " (--format)".into(),
        Outcome::Refused { status: 300..=399, .. } => "; its redirects lead nowhere, or in a circle".into(),
        Outcome::Refused { status: 401 | 403, .. } if situation.has_credentials => {
            "; are the credentials right?".into()
        }
        Outcome::Refused { status: 401 | 403, .. } => {
            "; does it want a header like -H 'Authorization: Bearer …'?".into()
        }
        _ => "".into(),
    }
}

fn truncated(end: &StreamEnd, situation: Situation) -> Cow<'static, str> {
    match &end.cursor {
        Some(_) if situation.could_resume => {
            "; --resume always continues it by itself, if the server can".into()
        }
        Some(id) if situation.continues_by_id => match is_plain(id) {
            true => format!("; --last-event-id {id} continues it").into(),
            false => "; --last-event-id with the id of the last event continues it".into(),
        },
        _ => "; what arrived is not all of it".into(),
    }
}

/// Whether an id needs no quotes on a command line.
fn is_plain(id: &str) -> bool {
    id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
}

/// Whether nothing answered at the address. A server that broke the connection, or answered wrongly, is running.
fn is_unanswered(end: &StreamEnd) -> bool {
    let problem = end.error.as_deref().unwrap_or_default();
    ["the connection was refused", "the host's name cannot be resolved", "no connection"]
        .iter()
        .any(|unanswered| problem.starts_with(unanswered))
}

fn is_page(end: &StreamEnd) -> bool {
    let Some(refused) = end.refused.as_deref() else { return false };
    let content_type = refused.headers.get("content-type").and_then(|value| value.to_str().ok());
    content_type.is_some_and(|value| value.trim_start().to_ascii_lowercase().starts_with("text/html"))
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

/// The text in one line, shortened if it is long.
fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
