//! JSON without the white space that means nothing.

use alloc::string::String;

use super::scan::plain;
use super::white::is_white;

/// Appends `json` to `out` without the white space between its tokens; numbers and strings stay as they were written.
///
/// `json` should be JSON (RFC 8259), as a record's text is; of anything else, what stands outside quotes loses its
/// white space all the same.
///
/// ```
/// let mut out = String::new();
/// tidewire_core::json::compact("{ \"a b\" :\n [1.50, 2] }", &mut out);
/// assert_eq!(out, "{\"a b\":[1.50,2]}");
/// ```
pub fn compact(json: &str, out: &mut String) {
    let bytes = json.as_bytes();
    out.reserve(bytes.len());
    // What is cut out begins and ends with ASCII bytes, so every cut is between characters.
    let mut kept = 0;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte == b'"' {
            at = string_end(bytes, at + 1);
        } else if is_white(byte) {
            out.push_str(&json[kept..at]);
            at += 1;
            kept = at;
        } else {
            at += 1;
        }
    }
    out.push_str(&json[kept..]);
}

/// Where the string is over whose text begins at `at`.
fn string_end(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() {
        at += plain(&bytes[at..]);
        match bytes.get(at) {
            Some(b'"') => return at + 1,
            Some(b'\\') => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_white_space_between_tokens_is_removed() {
        for (json, want) in [
            ("", ""),
            ("1", "1"),
            (" 1.0e+05 ", "1.0e+05"),
            ("{\r\n\t\"a\" : [ 1 , 2 ] }\n", "{\"a\":[1,2]}"),
            (r#"" a \" b " "#, r#"" a \" b ""#),
            (r#"[ "\\" , " " ]"#, r#"["\\"," "]"#),
            ("[ \"é ü\" ]", "[\"é ü\"]"),
            ("\u{A0}1", "\u{A0}1"),
            ("\" open", "\" open"),
            ("\" open\\", "\" open\\"),
            ("\"\\é \" é x", "\"\\é \"éx"),
            ("\"a\u{1} b\" c", "\"a\u{1} b\"c"),
        ] {
            let mut out = String::from("|");
            compact(json, &mut out);
            assert_eq!(out.strip_prefix('|'), Some(want), "{json}");
        }
    }
}
