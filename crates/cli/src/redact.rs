//! Hides secrets in logs and recordings: in URLs, form bodies and JSON bodies.
//!
//! [`is_secret_name`] decides which values are secret, here as everywhere.

use std::borrow::Cow;
use std::ops::Range;

use tidewire::is_secret_name;

/// Replaces a secret.
const HIDDEN: &str = "***";

/// The text with the secrets of its URLs hidden: user and password, and parameters of query and fragment with a secret name.
///
/// `keep` names parameters that are shown anyway.
pub(crate) fn redact_urls<'a>(text: &'a str, keep: &[&str]) -> Cow<'a, str> {
    let mut secrets: Vec<Range<usize>> =
        text.match_indices("//").filter_map(|(at, _)| user_info(text, at + 2)).collect();
    let names = text.match_indices(['?', '&', '#', ';']).map(|(at, _)| at + 1);
    secrets.extend(names.filter_map(|name| parameter(text, name, keep)));
    hide(text, secrets)
}

/// A form body (`application/x-www-form-urlencoded`) with the fields that have a secret name hidden.
pub(crate) fn redact_form(text: &str) -> Cow<'_, str> {
    let names = text.match_indices('&').map(|(at, _)| at + 1);
    let secrets = [0].into_iter().chain(names).filter_map(|name| parameter(text, name, &[])).collect();
    hide(text, secrets)
}

/// JSON text, which may be cut off, with the texts that have a secret name hidden.
pub(crate) fn redact_json(text: &str) -> Cow<'_, str> {
    let mut secrets = Vec::new();
    let mut at = 0;
    while let Some(name) = next_string(text, at) {
        at = name.end + 1;
        let Some(value) = text.get(at..).and_then(|rest| rest.trim_start().strip_prefix(':')) else {
            continue;
        };
        let value = value.trim_start();
        if value.starts_with('"') && is_secret_name(&text[name]) {
            let start = text.len() - value.len();
            if let Some(value) = next_string(text, start) {
                at = value.end + 1;
                secrets.push(value);
            }
        }
    }
    hide(text, secrets)
}

/// The user and password of an authority that starts at `start`: the part before its `@`.
fn user_info(text: &str, start: usize) -> Option<Range<usize>> {
    let authority = &text[start..];
    let end = authority.find(|c| matches!(c, '/' | '?' | '#') || ends_url(c)).unwrap_or(authority.len());
    let at = authority[..end].rfind('@')?;
    Some(start..start + at)
}

/// The value of the parameter whose name starts at `start`, if it is a secret.
fn parameter(text: &str, start: usize, keep: &[&str]) -> Option<Range<usize>> {
    let rest = &text[start..];
    let name = &rest[..rest.find(|c| matches!(c, '=' | '&' | '#' | '?' | ';') || ends_url(c))?];
    let value = rest[name.len()..].strip_prefix('=')?;
    if keep.contains(&name) || !is_secret_name(name) {
        return None;
    }
    let end = value.find(|c| matches!(c, '&' | '#') || ends_url(c)).unwrap_or(value.len());
    let start = text.len() - value.len();
    Some(start..start + end)
}

/// Whether a URL inside another text ends before this character.
const fn ends_url(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '<' | '>')
}

/// The content of the next JSON string, without its quotes. A string that is cut off extends to the end of the text.
fn next_string(text: &str, from: usize) -> Option<Range<usize>> {
    let start = from + text.get(from..)?.find('"')? + 1;
    let mut escaped = false;
    let end = text[start..].find(|c| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    Some(start..end.map_or(text.len(), |end| start + end))
}

fn hide(text: &str, mut secrets: Vec<Range<usize>>) -> Cow<'_, str> {
    if secrets.is_empty() {
        return Cow::Borrowed(text);
    }
    secrets.sort_by_key(|secret| secret.start);
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    for secret in secrets {
        // One inside another is hidden with it.
        if secret.start >= at {
            shown.push_str(&text[at..secret.start]);
            shown.push_str(HIDDEN);
            at = secret.end;
        }
    }
    shown.push_str(&text[at..]);
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secrets_of_urls_are_hidden() {
        #[rustfmt::skip]
        let rows = [
            ("", ""),
            ("/chat?events=3&ids=1", "/chat?events=3&ids=1"),
            ("https://user:pa@ss@host/path", "https://***@host/path"),
            ("//token@host", "//***@host"),
            ("https://host/a@b", "https://host/a@b"),
            ("/x?api_key=abc", "/x?api_key=***"),
            ("/x?a=1&access_token=abc;def&b=2#id_token=xyz", "/x?a=1&access_token=***&b=2#id_token=***"),
            ("/x?sessionId=&key", "/x?sessionId=***&key"),
            ("/x?next=/y?token=abc", "/x?next=/y?token=***"),
            (r#"<https://u:p@h/?key=1>; rel="next", </b?sig=2>; rel="prev""#, r#"<https://***@h/?key=***>; rel="next", </b?sig=2>; rel="prev""#),
            ("0; url=/x?password=p w", "0; url=/x?password=*** w"),
            ("/ü?schlüssel=a&token=ü", "/ü?schlüssel=a&token=***"),
        ];
        for (text, want) in rows {
            assert_eq!(redact_urls(text, &[]), want);
        }
        assert_eq!(redact_urls("/chat?key=a&api_key=b", &["key"]), "/chat?key=a&api_key=***");
    }

    #[test]
    fn the_secrets_of_bodies_are_hidden() {
        let forms = [
            ("client_secret=s&scope=a", "client_secret=***&scope=a"),
            ("a=?token=1", "a=?token=1"),
            ("x", "x"),
        ];
        for (text, want) in forms {
            assert_eq!(redact_form(text), want);
        }
        #[rustfmt::skip]
        let values = [
            (r#"{"prompt":"why?","max_tokens":5}"#, r#"{"prompt":"why?","max_tokens":5}"#),
            (r#"{"apiKey" : "a\"b\\", "n":{"password":"p"}}"#, r#"{"apiKey" : "***", "n":{"password":"***"}}"#),
            (r#"["token","x",{"token":7}]"#, r#"["token","x",{"token":7}]"#),
            (r#"{"text":"a \"token\":\"b\"","token":"cut o"#, r#"{"text":"a \"token\":\"b\"","token":"***"#),
            (r#"{"token":""#, r#"{"token":"***"#),
            ("{\"token\"", "{\"token\""),
            ("\"", "\""),
        ];
        for (text, want) in values {
            assert_eq!(redact_json(text), want);
        }
    }
}
