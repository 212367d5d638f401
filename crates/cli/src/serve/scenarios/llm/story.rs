//! What every dialect tells: a thought, a text, two calls of tools at the same time, and why it ends.

use std::iter;

use serde::Deserialize;
use serde_json::Value;

use crate::serve::reply::tokens;

/// The halves of 🌊 in UTF-16. Rust has no word for half a character, so these stand for them until the record is written.
pub(super) const HALVES: [(char, &str); 2] = [('\u{E000}', "\\ud83c"), ('\u{E001}', "\\udf0a")];

const THOUGHT: &str = "They ask about the sea. I look at the weather and the tide.";
const TEXT: &str = "The sea at Sète is **calm** today 🌊 and the water has 18 °C.\n\n海面很平静，适合游泳。";
const JSON: &str = r#"{"city":"Sète","sea":"calm","degrees":18}"#;
const REFUSAL: &str = "I'm sorry, I can't help with that.";

/// Their arguments come in pieces that end inside escapes, and between the halves of a character.
const CALLS: &[Call] = &[
    Call {
        id: "call_0",
        name: "weather",
        pieces: &[
            r#"{"city":"S"#,
            r#"ète","note":"a \"#,
            r#""calm\" sea \ud8"#,
            "3c\\udf0a, \u{E000}",
            "\u{E001} \\",
            r#"\o/","da"#,
            r#"ys":3}"#,
        ],
    },
    Call {
        id: "call_1",
        name: "tide",
        pieces: &[r#"{"port":"#, r#""Brest","at":["06:10"#, r#"","18:35"]}"#],
    },
];

/// Which reply is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Tale {
    /// A thought, a text, calls of tools.
    #[default]
    All,
    /// A thought and a text.
    Text,
    /// A thought and the JSON that was asked for.
    Json,
    /// A text that the provider's filter ends.
    Filter,
    /// The model refuses.
    Refusal,
}

impl Tale {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Text => "text",
            Self::Json => "json",
            Self::Filter => "filter",
            Self::Refusal => "refusal",
        }
    }
}

/// A piece of the reply.
#[derive(Clone, Debug)]
pub(super) enum Part {
    Start,
    /// A sign of life while the model thinks.
    KeepAlive,
    Open(Block),
    Piece(Block, String),
    Close(Block),
    /// Calls of tools, the first of them in the block of this number.
    Calls(u64, &'static [Call]),
    Finish(Why),
    /// The provider reports that it has failed.
    Fail,
}

/// A stretch of one kind; they are counted from 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    pub(super) number: u64,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Thought,
    Text,
    Refusal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    Stop,
    Tools,
    Filter,
    Refusal,
}

#[derive(Debug)]
pub(super) struct Call {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) pieces: &'static [&'static str],
}

impl Call {
    /// The text of its arguments.
    pub(super) fn arguments(&self) -> String {
        self.pieces.concat()
    }

    /// Its arguments, for dialects that send them whole.
    pub(super) fn input(&self) -> Value {
        // A test reads them.
        serde_json::from_str(&self.arguments()).unwrap_or_default()
    }
}

/// The pieces of several calls by turns, each with the place of its call.
pub(super) fn by_turns(calls: &'static [Call]) -> impl Iterator<Item = (usize, &'static str)> {
    let turns = calls.iter().map(|call| call.pieces.len()).max().unwrap_or(0);
    (0..turns).flat_map(move |turn| {
        calls.iter().enumerate().filter_map(move |(place, call)| Some((place, *call.pieces.get(turn)?)))
    })
}

/// How the story is told.
pub(super) struct Telling {
    pub(super) tale: Tale,
    /// How many tokens the text has; by default its own.
    pub(super) events: Option<usize>,
    /// It fails in the middle of the text.
    pub(super) fails: bool,
    /// Its end does not come.
    pub(super) unfinished: bool,
}

impl Telling {
    pub(super) fn parts(self) -> Box<dyn Iterator<Item = Part> + Send> {
        let why = match self.tale {
            Tale::All => Why::Tools,
            Tale::Text | Tale::Json => Why::Stop,
            Tale::Filter => Why::Filter,
            Tale::Refusal => Why::Refusal,
        };
        let (thought, text) = match self.tale {
            Tale::Refusal => (None, Block { number: 0, kind: Kind::Refusal }),
            Tale::All | Tale::Text | Tale::Json | Tale::Filter => {
                (Some(Block { number: 0, kind: Kind::Thought }), Block { number: 1, kind: Kind::Text })
            }
        };
        let words = match self.tale {
            Tale::Refusal => REFUSAL,
            Tale::Json => JSON,
            Tale::All | Tale::Text | Tale::Filter => TEXT,
        };
        let calls = (self.tale == Tale::All).then_some(Part::Calls(text.number + 1, CALLS));
        let before = iter::once(Part::Start)
            .chain(thought.into_iter().flat_map(|block| stretch(block, tokens(THOUGHT, None))))
            .chain([Part::KeepAlive]);
        if self.fails {
            // What comes before it is no more than a beginning.
            let some = iter::once(Part::Open(text)).chain(pieces(text, tokens(words, self.events)).take(4));
            return Box::new(before.chain(some).chain([Part::Fail]));
        }
        let finish = (!self.unfinished).then_some(Part::Finish(why));
        Box::new(before.chain(stretch(text, tokens(words, self.events))).chain(calls).chain(finish))
    }
}

type Tokens = Box<dyn Iterator<Item = String> + Send>;

fn stretch(block: Block, tokens: Tokens) -> impl Iterator<Item = Part> + Send {
    iter::once(Part::Open(block)).chain(pieces(block, tokens)).chain([Part::Close(block)])
}

/// A wave is cut in two, as servers do that count text in UTF-16.
fn pieces(block: Block, tokens: Tokens) -> impl Iterator<Item = Part> + Send {
    let [(high, _), (low, _)] = HALVES;
    tokens.flat_map(move |token| {
        let pieces = match token.split_once('🌊') {
            Some((before, after)) => vec![format!("{before}{high}"), format!("{low}{after}")],
            None => vec![token],
        };
        pieces.into_iter().map(move |piece| Part::Piece(block, piece))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_json() {
        for call in CALLS {
            assert!(call.input().is_object(), "{}", call.name);
        }
        let turns: Vec<_> = by_turns(CALLS).map(|(place, _)| place).collect();
        assert_eq!(turns, [0, 1, 0, 1, 0, 1, 0, 0, 0, 0]);
    }

    #[test]
    fn the_text_holds_no_stand_in() {
        for (half, _) in HALVES {
            assert!(!TEXT.contains(half) && !THOUGHT.contains(half));
        }
    }
}
