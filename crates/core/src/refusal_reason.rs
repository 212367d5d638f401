//! Why a peer refused a request, in its own words.

use alloc::string::String;

use crate::frame::Utf8;
use crate::json::{Path, lookup, unescape};

/// The most characters of a reason; a longer one is cut.
const MAX_CHARS: usize = 200;

/// Where APIs put the reason in a JSON body, the most specific first.
const PATHS: [&str; 9] = [
    "error.message",
    "message",
    "detail",
    // FastAPI's list of invalid fields.
    "detail.0.msg",
    // OAuth, whose `error` is only a code.
    "error_description",
    "error",
    "errors.0.message",
    "errors.0",
    "title",
];

/// Finds the reason that the body of a refused response gives, as one line of text without control characters.
///
/// In a JSON object, or the first element of a JSON array, it is the first string among the fields that APIs use for it
/// (`error.message`, `message`, `detail`, `error`, `errors[0].message`, `title`). A body that is neither JSON nor markup
/// gives its first line. At most 200 characters are returned, with an ellipsis if there were more.
///
/// ```
/// use tidewire_core::refusal_reason;
///
/// assert_eq!(refusal_reason(br#"{"error":{"message":"invalid api key"}}"#).as_deref(), Some("invalid api key"));
/// assert_eq!(refusal_reason(b"<html>"), None);
/// ```
#[must_use]
pub fn refusal_reason(body: &[u8]) -> Option<String> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body).trim_ascii();
    match body.first()? {
        b'<' => None,
        b'[' => reason_in(lookup(body, &Path::parse("0"))?),
        b'{' | b'"' => reason_in(body),
        _ => one_line(&Utf8::new(body.split(|byte| matches!(byte, b'\n' | b'\r')).next()?).to_str()),
    }
}

fn reason_in(json: &[u8]) -> Option<String> {
    let text_at = |path: &str| one_line(&unescape(lookup(json, &Path::parse(path))?)?);
    text_at("").or_else(|| PATHS.into_iter().find_map(text_at))
}

/// The text with each run of white space and control characters replaced by one space; `None` if nothing is left.
fn one_line(text: &str) -> Option<String> {
    let mut line = String::new();
    let mut gap = false;
    for (count, character) in text.chars().filter(|character| !is_invisible(*character)).enumerate() {
        if count == MAX_CHARS {
            line.push('…');
            break;
        }
        if character == ' ' || character.is_control() || matches!(character, '\u{2028}' | '\u{2029}') {
            gap = !line.is_empty();
        } else {
            if core::mem::take(&mut gap) {
                line.push(' ');
            }
            line.push(character);
        }
    }
    Some(line).filter(|line| !line.is_empty())
}

/// Characters that show nothing and can reorder the text around them.
const fn is_invisible(character: char) -> bool {
    matches!(character, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}
