//! What the scenarios say. Tests and the demo compare it with what arrived.

use std::iter;

/// The reply of `chat` and of every scenario that speaks like it.
const REPLY: &str = "\
## Streaming, in short

A model writes **one token at a time**; the client shows each at once.

- 中文：流式传输让第一个字马上出现，不必等到最后。
- emoji: 🌊 a wave, 👨‍👩‍👧‍👦 a family that is one glyph, 🇪🇺 a flag.

```rust
while let Some(event) = events.next().await {
    print!(\"{}\", event?.data);
}
```

> 断线之后，从断点继续。✅
";

/// The reply of `flaky`.
const FLAKY: &str = "\
### This reply was cut again and again

Every few events the connection broke: inside the JSON, inside a character like 波 or 🌊, between two line ends, \
inside the `id:` line. 每次断开，客户端都带着 `Last-Event-ID` 回来，从断点继续。

If you can read this to its end, nothing was lost and nothing came twice: 一二三四五六七八九十 👩‍🚀✨

1. connect
2. read what is whole
3. come back with the last id
";

/// What `chat` says; so do `ndjson`, `text` and the others that stream a whole reply.
pub fn reply_text() -> &'static str {
    REPLY
}

/// What `flaky` says, over however many connections.
pub fn flaky_text() -> &'static str {
    FLAKY
}

/// What `POST /ai/chat` says to `prompt`.
pub fn prompt_text(prompt: &str) -> String {
    format!("You asked: {prompt}\n\nHere is an answer, one token at a time. 这是回答。🌊\n")
}

/// What is said when `events=` asks for so many tokens: a short text is repeated, a long one ends early.
pub fn text_of(text: &'static str, events: Option<usize>) -> String {
    tokens(text, events).collect()
}

/// The tokens of `text`: a word with the space before it, a few Chinese characters, or a piece of an emoji.
///
/// As with real models, a token can end in the middle of what a reader sees as one character.
pub(crate) fn tokens(
    text: impl AsRef<str>,
    events: Option<usize>,
) -> Box<dyn Iterator<Item = String> + Send> {
    let tokens: Vec<_> = pieces(text.as_ref()).map(str::to_owned).collect();
    match events {
        None => Box::new(tokens.into_iter()),
        Some(count) => Box::new(tokens.into_iter().cycle().take(count)),
    }
}

fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    iter::from_fn(move || {
        rest.chars().next()?;
        let ends = |(chars, (at, next)): &(usize, (usize, char))| {
            let wide = !next.is_ascii() && *chars >= 3;
            let starts_word = *next == ' ' || (*next == '\n' && !rest[..*at].ends_with('\n'));
            wide || starts_word || *chars >= 12
        };
        let end = rest.char_indices().enumerate().skip(1).find(ends).map_or(rest.len(), |(_, (at, _))| at);
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_the_text() {
        for text in [REPLY, FLAKY, "", " ", "你", "👨‍👩‍👧‍👦"] {
            assert_eq!(tokens(text, None).collect::<String>(), text);
        }
    }

    #[test]
    fn events_repeat_or_shorten() {
        assert_eq!(tokens(REPLY, Some(3)).count(), 3);
        assert_eq!(tokens(REPLY, Some(1000)).count(), 1000);
        assert_eq!(tokens("", Some(3)).count(), 0);
    }
}
