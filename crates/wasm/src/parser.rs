//! A bare decoder.

use alloc::string::ToString;

use tidewire_core::{DecodeError, Decoder, Frame};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::inbox::Inbox;
use crate::setup::{Draft, Key};
use crate::table::{Table, address};

/// Decodes a body, cut anywhere, into the rows of its table.
#[wasm_bindgen]
pub struct Parser {
    inbox: Inbox,
    table: Table,
    life: Life,
}

enum Life {
    /// Options can be set.
    Described(Draft),
    Running(Decoder),
    /// Decoding cannot go on.
    Failed(DecodeError),
}

#[wasm_bindgen]
impl Parser {
    /// A parser that has not begun.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Self {
        Self { inbox: Inbox::default(), table: Table::new(), life: Life::Described(Draft::default()) }
    }

    /// The address of the table's header.
    #[must_use]
    pub fn header(&self) -> u32 {
        address(self.table.header())
    }

    /// From now on the window comes as UTF-16 too, unless it is all ASCII.
    pub fn widen(&mut self) {
        self.table.widen();
    }

    /// The address of an inbox of this many bytes.
    pub fn reserve(&mut self, length: usize) -> u32 {
        address(self.inbox.reserve(length))
    }

    /// Sets an option, before anything is pushed. False where there is no such option.
    pub fn set(&mut self, key: u32, value: f64) -> bool {
        match &mut self.life {
            Life::Described(draft) => draft.set(Key::of(key), value),
            Life::Running(_) | Life::Failed(_) => false,
        }
    }

    /// The same with a text in the inbox. False where it is not what the option takes.
    pub fn set_text(&mut self, key: u32, length: usize) -> bool {
        match &mut self.life {
            Life::Described(draft) => draft.set_text(Key::of(key), self.inbox.text(length)),
            Life::Running(_) | Life::Failed(_) => false,
        }
    }

    /// Decodes a piece that lies in the inbox; false where decoding cannot go on. What was found is in the table.
    pub fn push(&mut self, length: usize) -> bool {
        self.begin();
        self.table.clear();
        let mut input = self.inbox.bytes(length);
        if let Life::Running(decoder) = &mut self.life {
            let end = loop {
                match decoder.next(&mut input) {
                    Ok(Some(ref frame)) => self.table.push(frame),
                    Ok(None) => break None,
                    Err(error) => break Some(error),
                }
            };
            if let Some(error) = end {
                self.life = Life::Failed(error);
            }
        }
        self.table.publish();
        !matches!(self.life, Life::Failed(_))
    }

    /// Says that the body has ended cleanly; false where decoding cannot go on. What only the end completes is in the table.
    pub fn end(&mut self) -> bool {
        self.begin();
        self.table.clear();
        if let Life::Running(decoder) = &mut self.life {
            let end = loop {
                match decoder.finish() {
                    Ok(Some(ref frame)) => self.table.push(frame),
                    Ok(None) => break None,
                    Err(error) => break Some(error),
                }
            };
            if let Some(error) = end {
                self.life = Life::Failed(error);
            }
        }
        self.table.publish();
        !matches!(self.life, Life::Failed(_))
    }

    /// Whether the body, should it end here, ends inside a record.
    #[must_use]
    pub fn inside_record(&self) -> bool {
        matches!(&self.life, Life::Running(decoder) if decoder.inside_record())
    }

    /// Puts the last event id in effect into the window.
    pub fn last_event_id(&mut self) {
        let id = match &self.life {
            Life::Running(decoder) => decoder.last_event_id().to_str().into_owned(),
            Life::Described(_) | Life::Failed(_) => return self.table.only(b""),
        };
        self.table.only(id.as_bytes());
    }

    /// Makes the table of why decoding cannot go on: one row, as for a record that is passed over.
    pub fn failure(&mut self) {
        self.table.clear();
        if let Life::Failed(error) = &self.life {
            match error {
                DecodeError::TooLarge(error) => self.table.push(&Frame::Skipped(*error)),
                DecodeError::Malformed(error) => self.table.push(&Frame::BadRecord(*error)),
                _ => self.table.only(error.to_string().as_bytes()),
            }
        }
        self.table.publish();
    }

    fn begin(&mut self) {
        if let Life::Described(draft) = &self.life {
            self.life = Life::Running(draft.decoder());
        }
    }
}

impl Default for Parser {
    fn default() -> Self {
        Self::new()
    }
}
