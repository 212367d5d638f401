//! Hides secrets in logs and recordings: in URLs, form bodies and JSON bodies.
//!
//! [`is_secret_name`] decides which values are secret, here as everywhere.

use std::borrow::Cow;
use std::ops::Range;

use tidewire::is_secret_name;

/// Replaces a secret.
const HIDDEN: &str = "***";

/// Replaces a JSON value that is not a string, so that the text stays JSON.
const HIDDEN_VALUE: &str = "\"***\"";

/// Where a secret is, and what replaces it.
type Secret = (Range<usize>, &'static str);

/// The text with the secrets of its URLs hidden: user and password, and parameters of query and fragment with a secret name.
///
/// `keep` names parameters that are shown anyway.
pub(crate) fn redact_urls<'a>(text: &'a str, keep: &[&str]) -> Cow<'a, str> {
    let users = text.match_indices("//").filter_map(|(at, _)| user_info(text, at + 2));
    let names = text.match_indices(['?', '&', '#', ';']).map(|(at, _)| at + 1);
    let parameters = names.filter_map(|name| parameter(text, name, keep));
    hide(text, users.chain(parameters).map(|secret| (secret, HIDDEN)).collect())
}

/// A form body (`application/x-www-form-urlencoded`, or `text/plain` with a field in each line) with the fields that have a secret name
/// hidden.
pub(crate) fn redact_form(text: &str) -> Cow<'_, str> {
    let mut secrets = Vec::new();
    let mut at = 0;
    for field in text.split_inclusive(['&', '\r', '\n']) {
        let content = field.trim_end_matches(['&', '\r', '\n']);
        if let Some((name, _)) = content.split_once('=')
            && is_secret_name(&percent_decoded(name))
        {
            secrets.push((at + name.len() + 1..at + content.len(), HIDDEN));
        }
        at += field.len();
    }
    hide(text, secrets)
}

/// JSON text, which may be cut off, with the values that have a secret name hidden.
pub(crate) fn redact_json(text: &str) -> Cow<'_, str> {
    let mut secrets = Vec::new();
    let mut at = 0;
    while let Some(name) = next_string(text, at) {
        at = name.end + 1;
        let Some(value) = text.get(at..).and_then(|rest| rest.trim_start().strip_prefix(':')) else {
            continue;
        };
        let value = value.trim_start();
        if value.is_empty() || !is_secret_name(&unescaped(&text[name])) {
            continue;
        }
        let start = text.len() - value.len();
        match next_string(text, start).filter(|_| value.starts_with('"')) {
            Some(value) => {
                at = value.end + 1;
                secrets.push((value, HIDDEN));
            }
            None => {
                at = end_of_value(text, start);
                secrets.push((start..at, HIDDEN_VALUE));
            }
        }
    }
    hide(text, secrets)
}

/// The content of a JSON string without its escapes. One that is not valid is returned as it is.
fn unescaped(content: &str) -> Cow<'_, str> {
    if !content.contains('\\') {
        return Cow::Borrowed(content);
    }
    serde_json::from_str(&format!("\"{content}\"")).map_or(Cow::Borrowed(content), Cow::Owned)
}

/// Where the JSON value that starts at `start` and is not a string ends: a number or a word before the next separator, an array or an object
/// after its last bracket. One that is cut off extends to the end of the text.
fn end_of_value(text: &str, start: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = start;
    while let Some(c) = text[at..].chars().next() {
        match c {
            '"' => match next_string(text, at) {
                Some(string) => {
                    at = text.len().min(string.end + 1);
                    continue;
                }
                None => return text.len(),
            },
            '[' | '{' => depth += 1,
            ']' | '}' if depth <= 1 => return if depth == 0 { at } else { at + 1 },
            ']' | '}' => depth -= 1,
            ',' if depth == 0 => return at,
            c if depth == 0 && c.is_whitespace() => return at,
            _ => {}
        }
        at += c.len_utf8();
    }
    text.len()
}

/// The name of a parameter or field without its percent-encoding.
fn percent_decoded(name: &str) -> Cow<'_, str> {
    if !name.contains('%') {
        return Cow::Borrowed(name);
    }
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let [first, others @ ..] = rest {
        let digit = |at: usize| others.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        let byte = match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => u8::try_from(high << 4 | low).ok(),
            _ => None,
        };
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &others[2..] } else { others };
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
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
    if keep.contains(&name) || !is_secret_name(&percent_decoded(name)) {
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

fn hide(text: &str, mut secrets: Vec<Secret>) -> Cow<'_, str> {
    if secrets.is_empty() {
        return Cow::Borrowed(text);
    }
    secrets.sort_by_key(|(secret, _)| secret.start);
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    for (secret, shown_instead) in secrets {
        // One inside another is hidden with it.
        if secret.start >= at {
            shown.push_str(&text[at..secret.start]);
            shown.push_str(shown_instead);
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
            ("/x?api%6Bey=a&user%5Bpassword%5D=b&%74oken=%26c", "/x?api%6Bey=***&user%5Bpassword%5D=***&%74oken=***"),
            ("/x?%zz=1&%=2&max%5Ftokens=3&100%25=4", "/x?%zz=1&%=2&max%5Ftokens=3&100%25=4"),
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
            ("a=1&%70assword=a#b c&d=2", "a=1&%70assword=***&d=2"),
            // A field in each line, as in text/plain.
            ("user=me\r\npassword=open sesame\r\nnote=x", "user=me\r\npassword=***\r\nnote=x"),
            ("token=\n\n&=1&=", "token=***\n\n&=1&="),
            ("x", "x"),
        ];
        for (text, want) in forms {
            assert_eq!(redact_form(text), want);
        }
        #[rustfmt::skip]
        let values = [
            (r#"{"prompt":"why?","max_tokens":5}"#, r#"{"prompt":"why?","max_tokens":5}"#),
            (r#"{"apiKey" : "a\"b\\", "n":{"password":"p"}}"#, r#"{"apiKey" : "***", "n":{"password":"***"}}"#),
            (r#"["token","x",{"token":7}]"#, r#"["token","x",{"token":"***"}]"#),
            (r#"{"\u0074oken":"a","api\u004Bey":"b","b":1}"#, r#"{"\u0074oken":"***","api\u004Bey":"***","b":1}"#),
            (r#"{"key":-1.5e3 , "secret":true,"a":1}"#, r#"{"key":"***" , "secret":"***","a":1}"#),
            (r#"{"keys":["a",{"b":"]"},[1]],"a":[2]}"#, r#"{"keys":"***","a":[2]}"#),
            (r#"{"auth":{"user":"u","n":{"p":"}"}},"a":2}"#, r#"{"auth":"***","a":2}"#),
            (r#"{"auth":{"user":"u","#, r#"{"auth":"***""#),
            (r#"{"auth":["cut o"#, r#"{"auth":"***""#),
            (r#"{"token":12"#, r#"{"token":"***""#),
            (r#"{"token":"#, r#"{"token":"#),
            (r#"{"token":}"#, r#"{"token":"***"}"#),
            (r#"{"bad\q token":1}"#, r#"{"bad\q token":"***"}"#),
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
