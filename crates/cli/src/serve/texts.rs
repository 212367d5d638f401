//! The texts that scenarios send, and how they are cut into tokens. Tests and the demo compare them with what arrived.

use std::borrow::Cow;

/// The reply of `chat` and of every scenario that streams the same text.
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

/// The reply of `chat`, `ndjson`, `text` and the other scenarios that stream a whole reply.
pub fn reply_text() -> &'static str {
    REPLY
}

/// The reply of `flaky`, over however many connections.
pub fn flaky_text() -> &'static str {
    FLAKY
}

/// The reply of `POST /ai/chat` to `prompt`.
pub fn prompt_text(prompt: &str) -> String {
    format!("You asked: {prompt}\n\nHere is an answer, one token at a time. 这是回答。🌊\n")
}

/// The tokens of a text, made as they are read: a word with the space before it, a few Chinese characters, or a piece of an emoji.
///
/// As with real models, a token can end in the middle of what a reader sees as one character.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    text: Cow<'static, str>,
    /// The position in the text at which the next token starts.
    at: usize,
    /// How many tokens are left, if their number was set: a short text is then repeated, and a long one ends early.
    left: Option<usize>,
}

/// The tokens of `text`, or exactly `events` of them.
pub(crate) fn tokens(text: impl Into<Cow<'static, str>>, events: Option<usize>) -> Tokens {
    Tokens { text: text.into(), at: 0, left: events }
}

impl Tokens {
    /// How many tokens there are. Takes as long as reading the text once.
    pub(crate) fn len(&self) -> usize {
        match self.left {
            Some(_) if self.text.is_empty() => 0,
            Some(left) => left,
            None => self.clone().count(),
        }
    }

    /// Skips the first `count` tokens. Takes as long as reading the text once, however large the count.
    pub(crate) fn starting_at(mut self, count: usize) -> Self {
        let in_text = Self { text: self.text.clone(), at: 0, left: None }.count();
        let to_skip = match &mut self.left {
            Some(left) => {
                *left = left.saturating_sub(count);
                count.checked_rem(in_text).unwrap_or(0)
            }
            None => count.min(in_text),
        };
        for _ in 0..to_skip {
            self.at += self.next_len().unwrap_or(0);
        }
        self
    }

    /// The length of the next token of the text in bytes, or `None` at its end.
    fn next_len(&self) -> Option<usize> {
        let rest = &self.text[self.at..];
        rest.chars().next()?;
        let ends = |(chars, (at, next)): &(usize, (usize, char))| {
            let is_wide = !next.is_ascii() && *chars >= 3;
            let starts_word = *next == ' ' || (*next == '\n' && !rest[..*at].ends_with('\n'));
            is_wide || starts_word || *chars >= 12
        };
        Some(rest.char_indices().enumerate().skip(1).find(ends).map_or(rest.len(), |(_, (at, _))| at))
    }
}

impl Iterator for Tokens {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        if let Some(left) = &mut self.left {
            *left = left.checked_sub(1)?;
            if self.at == self.text.len() {
                self.at = 0;
            }
        }
        let len = self.next_len()?;
        let token = self.text[self.at..self.at + len].to_owned();
        self.at += len;
        Some(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_make_up_the_text() {
        for text in [REPLY, FLAKY, "", " ", "你", "👨‍👩‍👧‍👦"] {
            assert_eq!(tokens(text, None).collect::<String>(), text);
        }
    }

    #[test]
    fn a_count_repeats_or_shortens_the_text() {
        let once: Vec<_> = tokens(REPLY, None).collect();
        for count in [0, 1, 3, once.len() - 1, once.len(), once.len() + 1, 1000] {
            let want: Vec<_> = once.iter().cycle().take(count).cloned().collect();
            assert_eq!(tokens(REPLY, Some(count)).collect::<Vec<_>>(), want, "{count} tokens");
            assert_eq!(tokens(REPLY, Some(count)).len(), count);
        }
        assert_eq!(tokens(REPLY, None).len(), once.len());
        assert_eq!(tokens("", Some(3)).len(), 0);
        assert_eq!(tokens("", Some(3)).count(), 0);
    }

    #[test]
    fn tokens_start_anywhere() {
        for count in [None, Some(0), Some(5), Some(1000)] {
            for start in [0, 1, 4, 5, 70, 71, 72, 999, 1000, 1001] {
                let want: Vec<_> = tokens(REPLY, count).skip(start).collect();
                assert_eq!(
                    tokens(REPLY, count).starting_at(start).collect::<Vec<_>>(),
                    want,
                    "{count:?}, {start}"
                );
            }
        }
        // Tokens that are skipped are not made one by one, however many there are.
        assert_eq!(tokens(REPLY, Some(usize::MAX)).starting_at(usize::MAX - 2).count(), 2);
        assert_eq!(tokens("", Some(3)).starting_at(usize::MAX).count(), 0);
    }
}
