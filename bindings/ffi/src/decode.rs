//! Decoding bytes that are already there.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tidewire::core::session::{At, Policy, Resume};
use tidewire::core::{DecoderOptions, Frame as CoreFrame, Notice, ResponseHead, Step, Stream, StreamOptions};
use tidewire::llm::{Deltas, Message};
use tidewire::{Format, Frame, Outcome};

use crate::delta::Delta;
use crate::end::StreamEnd;
use crate::error::NativeError;
use crate::item::Item;
use crate::queue::Batch;
use crate::request::{dialect_of, format_of, markers};

/// Decoding depends on neither time nor chance.
const NOW: At = At::new(Duration::ZERO, 0);

/// How a body is read; the fields mean what they mean in [`RequestSettings`](crate::RequestSettings). Without a format the first bytes decide.
#[derive(Clone, Debug, Default, PartialEq, Eq, uniffi::Record)]
#[expect(missing_docs, reason = "see the link")]
pub struct DecodeSettings {
    #[uniffi(default = None)]
    pub format: Option<String>,
    #[uniffi(default = None)]
    pub dialect: Option<String>,
    #[uniffi(default = None)]
    pub max_event_bytes: Option<u64>,
    #[uniffi(default = false)]
    pub skip_oversized: bool,
    #[uniffi(default = false)]
    pub deliver_unterminated: bool,
    #[uniffi(default = None)]
    pub end_on: Option<Vec<String>>,
    #[uniffi(default = None)]
    pub fail_on: Option<Vec<String>>,
    #[uniffi(default = [])]
    pub heartbeat_on: Vec<String>,
}

/// A decoder of one body, fed in pieces that may be cut anywhere.
#[derive(uniffi::Object)]
pub struct NativeDecoder(Mutex<Decoding>);

struct Decoding {
    stream: Stream,
    reply: Option<(Deltas, Message)>,
}

#[uniffi::export]
impl NativeDecoder {
    /// A decoder at the start of a body.
    ///
    /// # Errors
    /// [`NativeError::Usage`] for an option that does not exist.
    #[uniffi::constructor]
    pub fn new(settings: DecodeSettings) -> Result<Arc<Self>, NativeError> {
        let format = settings.format.as_deref().map(format_of).transpose()?.unwrap_or(Format::Auto);
        let mut decoder = DecoderOptions {
            skip_oversized: settings.skip_oversized,
            deliver_unterminated: settings.deliver_unterminated,
            ..DecoderOptions::default()
        };
        if let Some(bytes) = settings.max_event_bytes {
            decoder.max_event_bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        }
        let mut options = StreamOptions {
            policy: Policy { retry_attempts: 0, resume: Resume::Never, ..Policy::default() },
            format,
            sniff: format == Format::Auto,
            decoder,
            markers: markers(
                settings.end_on.as_deref(),
                settings.fail_on.as_deref(),
                &settings.heartbeat_on,
            )?,
            ..StreamOptions::default()
        };
        let dialect = settings.dialect.as_deref().map(dialect_of).transpose()?;
        let reply = dialect.map(|dialect| {
            dialect.set_up(&mut options);
            (Deltas::new(dialect), Message::default())
        });
        let mut stream = Stream::new(options);
        stream.start(NOW);
        // It says that a request is to be sent. What is decoded is its response.
        let _ = stream.next(NOW, &mut &[][..]);
        stream.head(NOW, &ResponseHead { status: 200, ..ResponseHead::default() }, Duration::ZERO);
        Ok(Arc::new(Self(Mutex::new(Decoding { stream, reply }))))
    }

    /// Takes the next piece of the body. With an end, the rest of the body does not count.
    pub fn push(&self, piece: Vec<u8>) -> Batch {
        let mut decoding = self.decoding();
        decoding.stream.received(NOW, piece.len());
        decoding.read(&piece)
    }

    /// Takes the clean end of the body.
    pub fn finish(&self) -> Batch {
        let mut decoding = self.decoding();
        decoding.stream.body_end();
        decoding.read(&[])
    }

    /// The message of a reply so far, as the JSON object that the command prints; `None` without a dialect.
    pub fn message(&self) -> Option<String> {
        let decoding = self.decoding();
        let (deltas, message) = decoding.reply.as_ref()?;
        let mut line = String::new();
        message.write_line(deltas.dialect(), &mut line);
        Some(line)
    }
}

impl NativeDecoder {
    fn decoding(&self) -> MutexGuard<'_, Decoding> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Decoding {
    /// Reads a piece, or what the end of the body completes.
    fn read(&mut self, piece: &[u8]) -> Batch {
        let mut rest = piece;
        let mut items = Vec::new();
        loop {
            match self.stream.next(NOW, &mut rest) {
                Step::Frame { frame, notice } => {
                    if let Some(Notice::Gap { after }) = notice {
                        items.push(Item::Gap { after });
                    }
                    match &mut self.reply {
                        None => items.extend(item(frame)),
                        Some((deltas, message)) => {
                            read_reply(frame, deltas, message, &mut items);
                            self.stream.reply_state(NOW, deltas.reply_state(), deltas.error());
                        }
                    }
                }
                Step::Starved => return Batch { items, end: None },
                Step::Closed => break,
                _ => {}
            }
        }
        if let Some((deltas, message)) = &mut self.reply {
            deltas.finish(&mut |delta| {
                message.push(delta);
                items.extend(Delta::of(delta.clone()).map(|delta| Item::Reply { delta }));
            });
        }
        Batch { items, end: Some(self.end()) }
    }

    fn end(&self) -> StreamEnd {
        let outcome = self.stream.outcome().unwrap_or(Outcome::Truncated);
        StreamEnd::of(&tidewire::StreamEnd {
            outcome,
            cursor: self.stream.cursor().map(str::to_owned),
            error: self.stream.error().map(str::to_owned),
            refused: None,
            stats: self.stream.stats(Duration::ZERO),
        })
    }
}

fn item(frame: CoreFrame<'_>) -> Option<Item> {
    Frame::from_lent(frame).and_then(Item::of_frame)
}

/// Reads a frame as a piece of a reply.
fn read_reply(frame: CoreFrame<'_>, deltas: &mut Deltas, message: &mut Message, items: &mut Vec<Item>) {
    let read = deltas.read(&frame, &mut |delta| {
        message.push(delta);
        items.extend(Delta::of(delta.clone()).map(|delta| Item::Reply { delta }));
    });
    match (read, &frame) {
        (Err(bad), _) => items.push(bad.into()),
        (Ok(_), CoreFrame::Event(_) | CoreFrame::Record(_) | CoreFrame::Text(_)) => {}
        (Ok(_), _) => items.extend(item(frame)),
    }
}

/// The text of a JSON value without white space between its tokens, as the command prints it.
#[uniffi::export]
#[must_use]
pub fn compact_json(json: &str) -> String {
    let mut compact = String::with_capacity(json.len());
    tidewire::core::json::compact(json, &mut compact);
    compact
}
