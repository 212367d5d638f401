//! The parts of the reply that every dialect writes: reasoning, a text, two tool calls at the same time, and a finish.

use std::iter;

use serde_json::Value;

use crate::serve::{
    params::ReplyKind,
    texts::{Tokens, tokens},
};

/// The halves of 🌊 in UTF-16. A Rust string cannot hold half a character, so these stand for them until the record is written.
pub(super) const HALVES: [(char, &str); 2] = [('\u{E000}', "\\ud83c"), ('\u{E001}', "\\udf0a")];

const REASONING: &str = "They ask about the sea. I look at the weather and the tide.";
const TEXT: &str = "The sea at Sète is **calm** today 🌊 and the water has 18 °C.\n\n海面很平静，适合游泳。";
const JSON: &str = r#"{"city":"Sète","sea":"calm","degrees":18}"#;
const REFUSAL: &str = "I'm sorry, I can't help with that.";

/// The pieces of their arguments end inside escapes, and between the halves of a character.
const CALLS: &[ToolCall] = &[
    ToolCall {
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
    ToolCall {
        id: "call_1",
        name: "tide",
        pieces: &[r#"{"port":"#, r#""Brest","at":["06:10"#, r#"","18:35"]}"#],
    },
];

/// A part of the reply.
#[derive(Clone, Debug)]
pub(super) enum ReplyPart {
    Start,
    /// Shows that the connection is alive while the model reasons.
    KeepAlive,
    Open(Block),
    Piece(Block, String),
    Close(Block),
    /// Tool calls, the first of them in the block of this number.
    Calls(u64, &'static [ToolCall]),
    Finish(FinishReason),
    /// The provider reports that it has failed.
    Fail,
}

/// A stretch of one kind of text. Blocks are counted from 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    pub(super) number: u64,
    pub(super) kind: BlockKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BlockKind {
    Reasoning,
    Text,
    Refusal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FinishReason {
    Stop,
    ToolCalls,
    Filter,
    Refusal,
}

#[derive(Debug)]
pub(super) struct ToolCall {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) pieces: &'static [&'static str],
}

impl ToolCall {
    /// The arguments as text.
    pub(super) fn arguments(&self) -> String {
        self.pieces.concat()
    }

    /// The arguments as a value, for dialects that send them whole.
    pub(super) fn input(&self) -> Value {
        // A test shows that all of them are JSON.
        serde_json::from_str(&self.arguments()).unwrap_or_default()
    }
}

/// The pieces of several calls in turn, each with the index of its call.
pub(super) fn in_turn(calls: &'static [ToolCall]) -> impl Iterator<Item = (usize, &'static str)> {
    let turns = calls.iter().map(|call| call.pieces.len()).max().unwrap_or(0);
    (0..turns).flat_map(move |turn| {
        calls.iter().enumerate().filter_map(move |(index, call)| Some((index, *call.pieces.get(turn)?)))
    })
}

/// What the reply consists of.
pub(super) struct ReplyPlan {
    pub(super) kind: ReplyKind,
    /// The number of tokens of the text, if not its own.
    pub(super) tokens: Option<usize>,
    /// It fails in the middle of the text.
    pub(super) fails: bool,
    /// Its finish is missing.
    pub(super) is_unfinished: bool,
}

impl ReplyPlan {
    /// The parts in order, made as they are written.
    pub(super) fn parts(self) -> Box<dyn Iterator<Item = ReplyPart> + Send> {
        let reason = match self.kind {
            ReplyKind::All => FinishReason::ToolCalls,
            ReplyKind::Text | ReplyKind::Json => FinishReason::Stop,
            ReplyKind::Filter => FinishReason::Filter,
            ReplyKind::Refusal => FinishReason::Refusal,
        };
        let (reasoning, block) = match self.kind {
            ReplyKind::Refusal => (None, Block { number: 0, kind: BlockKind::Refusal }),
            ReplyKind::All | ReplyKind::Text | ReplyKind::Json | ReplyKind::Filter => (
                Some(Block { number: 0, kind: BlockKind::Reasoning }),
                Block { number: 1, kind: BlockKind::Text },
            ),
        };
        let text = match self.kind {
            ReplyKind::Refusal => REFUSAL,
            ReplyKind::Json => JSON,
            ReplyKind::All | ReplyKind::Text | ReplyKind::Filter => TEXT,
        };
        let calls = (self.kind == ReplyKind::All).then_some(ReplyPart::Calls(block.number + 1, CALLS));
        let before = iter::once(ReplyPart::Start)
            .chain(reasoning.into_iter().flat_map(|block| whole_block(block, tokens(REASONING, None))))
            .chain([ReplyPart::KeepAlive]);
        let text = tokens(text, self.tokens);
        if self.fails {
            let beginning = iter::once(ReplyPart::Open(block)).chain(pieces(block, text).take(4));
            return Box::new(before.chain(beginning).chain([ReplyPart::Fail]));
        }
        let finish = (!self.is_unfinished).then_some(ReplyPart::Finish(reason));
        Box::new(before.chain(whole_block(block, text)).chain(calls).chain(finish))
    }
}

fn whole_block(block: Block, tokens: Tokens) -> impl Iterator<Item = ReplyPart> + Send {
    iter::once(ReplyPart::Open(block)).chain(pieces(block, tokens)).chain([ReplyPart::Close(block)])
}

/// A wave is cut in two, as by servers that count text in UTF-16.
fn pieces(block: Block, tokens: Tokens) -> impl Iterator<Item = ReplyPart> + Send {
    let [(high, _), (low, _)] = HALVES;
    tokens.flat_map(move |token| {
        let pieces = match token.split_once('🌊') {
            Some((before, after)) => vec![format!("{before}{high}"), format!("{low}{after}")],
            None => vec![token],
        };
        pieces.into_iter().map(move |piece| ReplyPart::Piece(block, piece))
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
        let turns: Vec<_> = in_turn(CALLS).map(|(index, _)| index).collect();
        assert_eq!(turns, [0, 1, 0, 1, 0, 1, 0, 0, 0, 0]);
    }

    #[test]
    fn no_text_holds_what_stands_for_half_a_character() {
        for (half, _) in HALVES {
            assert!(!TEXT.contains(half) && !REASONING.contains(half));
        }
    }
}
