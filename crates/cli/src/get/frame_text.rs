//! The text of a frame, as a person reads it.

use std::borrow::Cow;

use tidewire::core::json::{Path, lookup, unescape};
use tidewire::{Delta, Frame};

/// The text of a frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum FrameText<'a> {
    /// A piece of a text that continues with the next frame.
    Piece(Cow<'a, str>),
    /// A whole text, to be printed as a line.
    Whole(&'a str),
    /// No text: a chunk of a chat reply without text, or a frame that is not a record.
    None,
}

/// Finds the text of a frame: `choices[0].delta.content` of an OpenAI-shaped chunk, else the data.
pub(crate) fn frame_text(frame: &Frame) -> FrameText<'_> {
    let data = match frame {
        Frame::Text(text) => return FrameText::Piece(Cow::Borrowed(text)),
        Frame::Delta(Delta::Text { choice: 0, text }) => return FrameText::Piece(Cow::Borrowed(text)),
        Frame::Event(event) => &event.data,
        Frame::Record { json, .. } => json,
        _ => return FrameText::None,
    };
    let at = |path| lookup(data.as_bytes(), &Path::parse(path));
    let Some(choice) = at("choices.0") else {
        // The usage chunk at the end of a reply has no choices.
        return if at("choices").is_some_and(|choices| choices.starts_with(b"[")) {
            FrameText::None
        } else {
            FrameText::Whole(data)
        };
    };
    let in_choice = |path| lookup(choice, &Path::parse(path));
    match in_choice("delta.content").or_else(|| in_choice("message.content")).and_then(unescape) {
        Some(content) => FrameText::Piece(Cow::Owned(content)),
        None if in_choice("delta").is_some() => FrameText::None,
        None => FrameText::Whole(data),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_chat_chunks_and_the_data_of_other_records() {
        let rows = [
            (r#"{"choices":[{"delta":{"content":"a\u00e9"}}]}"#, FrameText::Piece("aé".into())),
            (r#"{"choices":[{"delta":{"role":"assistant"}}]}"#, FrameText::None),
            (r#"{"choices":[{"delta":{"content":null}}]}"#, FrameText::None),
            (r#"{"choices":[],"usage":{"total_tokens":3}}"#, FrameText::None),
            (r#"{"choices":[{"message":{"content":"whole"}}]}"#, FrameText::Piece("whole".into())),
            (r#"{"choices":"none"}"#, FrameText::Whole(r#"{"choices":"none"}"#)),
            ("plain", FrameText::Whole("plain")),
        ];
        for (json, want) in rows {
            assert_eq!(frame_text(&Frame::Record { index: 0, json: json.to_owned() }), want, "{json}");
        }
    }
}
