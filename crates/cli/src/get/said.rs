//! The text that a record says to a person.

use std::borrow::Cow;

use tidewire::core::json::{Path, lookup, unescape};
use tidewire::{Delta, Frame};

/// What a frame says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Said<'a> {
    /// A piece of a text that goes on.
    Piece(Cow<'a, str>),
    /// Something whole, for a line of its own.
    Whole(&'a str),
    /// Nothing: a chunk of a chat reply that has no text, or no record at all.
    Nothing,
}

/// Finds the text of a frame: of an OpenAI-shaped chunk its `choices[0].delta.content`, else the data.
pub(crate) fn said(frame: &Frame) -> Said<'_> {
    let data = match frame {
        Frame::Text(text) => return Said::Piece(Cow::Borrowed(text)),
        Frame::Delta(Delta::Text { choice: 0, text }) => return Said::Piece(Cow::Borrowed(text)),
        Frame::Event(event) => &event.data,
        Frame::Record { json, .. } => json,
        _ => return Said::Nothing,
    };
    let at = |path| lookup(data.as_bytes(), &Path::parse(path));
    let Some(choice) = at("choices.0") else {
        // The usage chunk at the end of a reply has no choices.
        return if at("choices").is_some_and(|choices| choices.starts_with(b"[")) {
            Said::Nothing
        } else {
            Said::Whole(data)
        };
    };
    let in_choice = |path| lookup(choice, &Path::parse(path));
    match in_choice("delta.content").or_else(|| in_choice("message.content")).and_then(unescape) {
        Some(content) => Said::Piece(Cow::Owned(content)),
        None if in_choice("delta").is_some() => Said::Nothing,
        None => Said::Whole(data),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_chat_replies_and_the_data_of_all_others() {
        let rows = [
            (r#"{"choices":[{"delta":{"content":"a\u00e9"}}]}"#, Said::Piece("aé".into())),
            (r#"{"choices":[{"delta":{"role":"assistant"}}]}"#, Said::Nothing),
            (r#"{"choices":[{"delta":{"content":null}}]}"#, Said::Nothing),
            (r#"{"choices":[],"usage":{"total_tokens":3}}"#, Said::Nothing),
            (r#"{"choices":[{"message":{"content":"whole"}}]}"#, Said::Piece("whole".into())),
            (r#"{"choices":"none"}"#, Said::Whole(r#"{"choices":"none"}"#)),
            ("plain", Said::Whole("plain")),
        ];
        for (json, want) in rows {
            assert_eq!(said(&Frame::Record { index: 0, json: json.to_owned() }), want, "{json}");
        }
    }
}
