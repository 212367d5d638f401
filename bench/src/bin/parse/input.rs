//! Generates the bodies from the seed, with what a correct reader finds in them.

use std::fmt::Write;

use fastrand::Rng;
use tidewire_bench::plan::{self, BLOCK_BYTES, Body, Cut, EVENTS_AFTERWARDS};
use tidewire_bench::tally::Digest;

use crate::chunks::{Chunks, Ends};
use crate::words;

/// An upper bound, so that a block ends with an event.
const LONGEST_EVENT: usize = 512;

pub(crate) struct Input {
    chunks: Chunks,
    /// The same body; if it is one large event, with small events after it.
    with_afterwards: Chunks,
    /// What is in `with_afterwards`.
    pub(crate) expected: Digest,
}

impl Input {
    pub(crate) fn generate(input: plan::Input, quick: bool) -> Self {
        let mut text = Text::new();
        if let Body::Large { mib } = input.body {
            text.large(mib << 20);
            let large = text.block.len();
            for _ in 0..EVENTS_AFTERWARDS {
                text.event(Body::Chat);
            }
            let with_afterwards = text.chunks(input.cut, 1);
            let chunks = Chunks { block: &with_afterwards.block[..large], ..with_afterwards };
            return Self { chunks, with_afterwards, expected: text.expected(1) };
        }
        while text.block.len() + LONGEST_EVENT <= BLOCK_BYTES {
            text.event(input.body);
        }
        let repeats = plan::repeats(input.body, quick);
        let chunks = text.chunks(input.cut, repeats);
        Self { chunks, with_afterwards: chunks, expected: text.expected(repeats) }
    }

    pub(crate) fn chunks(&self) -> Chunks {
        self.chunks
    }

    pub(crate) fn with_afterwards(&self) -> Chunks {
        self.with_afterwards
    }
}

struct Text {
    random: Rng,
    block: String,
    ends: Vec<usize>,
    data: Vec<Vec<u8>>,
}

impl Text {
    fn new() -> Self {
        Self { random: Rng::with_seed(plan::SEED), block: String::new(), ends: Vec::new(), data: Vec::new() }
    }

    fn chunks(&mut self, cut: Cut, repeats: usize) -> Chunks {
        let ends = match cut {
            Cut::Every(length) => Ends::Every(length),
            Cut::AfterEvent => Ends::At(std::mem::take(&mut self.ends).leak()),
        };
        Chunks { block: std::mem::take(&mut self.block).leak().as_bytes(), repeats, ends }
    }

    fn expected(&self, repeats: usize) -> Digest {
        let mut digest = Digest::default();
        for data in std::iter::repeat_n(&self.data, repeats).flatten() {
            digest.add(data);
        }
        digest
    }

    fn large(&mut self, bytes: usize) {
        let data = words::letters(&mut self.random, bytes);
        self.one_line(&data, "\n");
    }

    fn event(&mut self, body: Body) {
        let random = &mut self.random;
        match body {
            Body::Tiny => self.one_line("x", "\n"),
            Body::Chat | Body::Crlf | Body::Large { .. } => {
                let json = chat(words::token(random).0);
                self.one_line(&json, if body == Body::Crlf { "\r\n" } else { "\n" });
            }
            Body::Cjk => {
                let json = chat(&words::chinese(random));
                self.one_line(&json, "\n");
            }
            Body::MultiLine => {
                let lines: Vec<_> = (0..8).map(|_| words::line(random)).collect();
                for line in &lines {
                    self.put(format_args!("data: {line}\n"));
                }
                self.end_event(lines.join("\n").as_bytes(), "\n");
            }
            Body::Named => {
                let json = format!(
                    r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":"{}"}}}}"#,
                    words::token(random).0
                );
                self.put(format_args!(
                    "event: content_block_delta\nid: 1-{}\ndata: {json}\n",
                    self.ends.len()
                ));
                self.end_event(json.as_bytes(), "\n");
            }
            Body::Ndjson => {
                let json = chat(words::token(random).0);
                self.put(format_args!("{json}"));
                self.end_event(json.as_bytes(), "\n");
            }
            Body::Deltas => {
                let (written, read) = words::token(random);
                self.put(format_args!("data: {}\n", chat(written)));
                self.end_event(read.as_bytes(), "\n");
            }
            Body::DeltasCjk => {
                let text = words::chinese(random);
                self.put(format_args!("data: {}\n", chat(&text)));
                self.end_event(text.as_bytes(), "\n");
            }
            Body::DeltasUnlike => {
                let (written, read) = words::token(random);
                let json = chat(written);
                let json = json.replace(r#""logprobs":null"#, &format!(r#""logprobs":{}"#, self.ends.len()));
                self.put(format_args!("data: {json}\n"));
                self.end_event(read.as_bytes(), "\n");
            }
            Body::NdjsonTyped => {
                let (written, read) = words::token(random);
                self.put(format_args!("{}", chat(written)));
                self.end_event(read.as_bytes(), "\n");
            }
        }
    }

    fn one_line(&mut self, data: &str, line_end: &str) {
        self.put(format_args!("data: {data}{line_end}"));
        self.end_event(data.as_bytes(), line_end);
    }

    fn end_event(&mut self, data: &[u8], line_end: &str) {
        self.block.push_str(line_end);
        self.ends.push(self.block.len());
        self.data.push(data.to_vec());
    }

    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = self.block.write_fmt(text);
    }
}

/// A chunk of an OpenAI chat completion, about 265 bytes as an event.
fn chat(content: &str) -> String {
    format!(
        concat!(
            r#"{{"id":"chatcmpl-AbCdEfGhIjKlMnOpQrStUvWxYz012","object":"chat.completion.chunk","created":1760000000,"#,
            r#""model":"gpt-4o-2024-08-06","system_fingerprint":"fp_a1b2c3d4e5","choices":[{{"index":0,"delta":"#,
            r#"{{"content":"{}"}},"logprobs":null,"finish_reason":null}}]}}"#
        ),
        content
    )
}
