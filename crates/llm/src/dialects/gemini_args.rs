//! Turns the arguments that Gemini streams as values at JSON paths (`partialArgs`) into one growing JSON text.
//!
//! ```text
//! {"jsonPath": "$.to.city", "stringValue": "Bos", "willContinue": true}     {"to":{"city":"Bos
//! {"jsonPath": "$.to.city", "stringValue": "ton"}                           ton"
//! {"jsonPath": "$.days[0]", "numberValue": 3}                               },"days":[3
//! ```
//!
//! Paths arrive in the order of the text. A value for a container that was already closed opens it again, so its key then appears
//! twice.

use alloc::string::String;
use alloc::vec::Vec;

use tidewire_core::Utf8;

use crate::json::Value;
use crate::out::scalar;

#[derive(Clone, Debug, Default)]
pub(crate) struct PartialArgs {
    /// The way to the value that came last; empty before the first one.
    path: Vec<Segment>,
    /// That value is a string that goes on.
    in_string: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    /// A key, as the content of a JSON string.
    Key(String),
    Index(String),
}

impl PartialArgs {
    /// More of the text.
    pub(crate) fn push(&mut self, part: Value<'_>) -> String {
        // What has none of these values is `null`.
        let [path, text, number, truth, more] =
            part.fields(&["jsonPath", "stringValue", "numberValue", "boolValue", "willContinue"]);
        let mut json = String::new();
        let path = segments(&scalar(path));
        if !self.in_string || path != self.path {
            self.move_to(path, &mut json);
            match text {
                Some(_) => json.push('"'),
                None => json.push_str(
                    number
                        .or(truth)
                        .map_or("null", |value| core::str::from_utf8(value.as_bytes()).unwrap_or("null")),
                ),
            }
        }
        if let Some(content) = text.and_then(Value::content) {
            json.push_str(&Utf8::new(content).to_str());
            self.in_string = more.is_some_and(Value::is_true);
            if !self.in_string {
                json.push('"');
            }
        }
        json
    }

    /// The rest of the text.
    pub(crate) fn end(mut self) -> String {
        let mut json = String::new();
        if self.path.is_empty() {
            json.push_str("{}");
        }
        self.leave(0, &mut json);
        json
    }

    /// Closes what the new path is not in, and opens what it is in.
    fn move_to(&mut self, path: Vec<Segment>, json: &mut String) {
        let shared = path.iter().zip(&self.path).take_while(|(new, old)| new == old).count();
        // A value's own last segment is never shared: it stands for itself.
        let shared = shared.min(path.len().saturating_sub(1)).min(self.path.len().saturating_sub(1));
        let first = self.path.is_empty();
        if !first {
            self.leave(shared + 1, json);
        }
        for (depth, segment) in path.iter().enumerate().skip(shared) {
            let opens = first || depth > shared;
            match segment {
                Segment::Key(key) => {
                    json.push(if opens { '{' } else { ',' });
                    json.push('"');
                    json.push_str(key);
                    json.push_str("\":");
                }
                Segment::Index(_) => json.push(if opens { '[' } else { ',' }),
            }
        }
        self.path = path;
    }

    /// Ends the string that is open and every container that is deeper than `depth`.
    fn leave(&mut self, depth: usize, json: &mut String) {
        if core::mem::take(&mut self.in_string) {
            json.push('"');
        }
        for segment in self.path.drain(depth.min(self.path.len())..).rev() {
            json.push(if matches!(segment, Segment::Key(_)) { '}' } else { ']' });
        }
    }
}

/// The segments of `$.a.b[0]['c']`.
fn segments(path: &str) -> Vec<Segment> {
    let mut segments = Vec::new();
    let mut rest = path.strip_prefix('$').unwrap_or(path);
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let (inside, after) = inner.split_once(']').unwrap_or((inner, ""));
            let key = inside.trim_matches(['\'', '"']);
            let is_index = key.len() == inside.len() && key.bytes().all(|byte| byte.is_ascii_digit());
            segments.push(if is_index { Segment::Index(key.into()) } else { Segment::Key(escaped(key)) });
            rest = after;
        } else {
            let dotted = rest.strip_prefix('.').unwrap_or(rest);
            let end = dotted.find(['.', '[']).unwrap_or(dotted.len());
            segments.push(Segment::Key(escaped(&dotted[..end])));
            rest = &dotted[end..];
        }
    }
    if segments.is_empty() {
        segments.push(Segment::Key(String::new()));
    }
    segments
}

fn escaped(key: &str) -> String {
    let mut content = String::with_capacity(key.len());
    for c in key.chars() {
        match c {
            '"' | '\\' => content.extend(['\\', c]),
            c if u32::from(c) < 0x20 => content.push(' '),
            c => content.push(c),
        }
    }
    content
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_at_paths_become_one_text() {
        for (parts, want) in [
            (&[][..], "{}"),
            (&[r#"{"jsonPath":"$.a","stringValue":"x"}"#], r#"{"a":"x"}"#),
            (
                &[
                    r#"{"jsonPath":"$.a","stringValue":"x","willContinue":true}"#,
                    r#"{"jsonPath":"$.a","stringValue":"\"y","willContinue":true}"#,
                    r#"{"jsonPath":"$.a","stringValue":""}"#,
                    r#"{"jsonPath":"$.b","numberValue":1.5e3}"#,
                ],
                r#"{"a":"x\"y","b":1.5e3}"#,
            ),
            (
                &[
                    r#"{"jsonPath":"$.to.city","stringValue":"B","willContinue":true}"#,
                    r#"{"jsonPath":"$.to.zip","nullValue":"NULL_VALUE"}"#,
                    r#"{"jsonPath":"$.days[0]","numberValue":3}"#,
                    r#"{"jsonPath":"$.days[1].x","boolValue":true}"#,
                    r#"{"jsonPath":"$.days[1]['y z']","boolValue":false}"#,
                    r#"{"jsonPath":"$.e","boolValue":false}"#,
                ],
                r#"{"to":{"city":"B","zip":null},"days":[3,{"x":true,"y z":false}],"e":false}"#,
            ),
        ] {
            let mut args = PartialArgs::default();
            let mut json: String =
                parts.iter().map(|part| args.push(Value::parse(part.as_bytes()).unwrap())).collect();
            json.push_str(&args.end());
            assert_eq!(json, want);
        }
    }
}
