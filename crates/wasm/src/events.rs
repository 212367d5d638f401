//! In the place of `machine.rs` where there are no streams: a decoder of server-sent events, with the same functions as far as a decoder
//! has them.

use alloc::vec::Vec;

use tidewire_core::DecoderOptions;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::decoding::{Decoder, Decoding};
use crate::inbox::Inbox;
use crate::key::Key;
use crate::table::{Table, address};

/// What [`Machine::fact`] is asked for; the rest of the list in `machine.rs` is of streams.
const INSIDE_RECORD: u32 = 11;

enum State {
    Described { options: DecoderOptions, last_event_id: Vec<u8> },
    Decoding(Decoding),
}

/// A bare decoder.
#[wasm_bindgen]
pub struct Machine {
    inbox: Inbox,
    table: Table,
    state: State,
}

#[wasm_bindgen]
impl Machine {
    /// What has not begun. With `wide` the tables' window comes as UTF-16 too, unless it is all ASCII.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(wide: bool) -> Self {
        let state = State::Described { options: DecoderOptions::default(), last_event_id: Vec::new() };
        Self { inbox: Inbox::default(), table: Table::new(wide), state }
    }

    /// The address of the table's header.
    #[must_use]
    pub fn header(&self) -> u32 {
        address(self.table.header())
    }

    /// The address of an inbox of this many bytes.
    pub fn reserve(&mut self, length: usize) -> u32 {
        address(self.inbox.reserve(length))
    }

    /// Sets an option, before anything begins. False where there is no such option.
    pub fn set(&mut self, key: u32, value: f64) -> bool {
        let State::Described { options, .. } = &mut self.state else { return false };
        match Key::of(key) {
            Key::MaxEventBytes => options.max_event_bytes = value as usize,
            Key::SkipOversized => options.skip_oversized = value != 0.0,
            Key::DeliverUnterminated => options.deliver_unterminated = value != 0.0,
            _ => return false,
        }
        true
    }

    /// The same with a text in the inbox. False where it is not what the option takes.
    pub fn set_text(&mut self, key: u32, length: usize) -> bool {
        let State::Described { last_event_id, .. } = &mut self.state else { return false };
        let text = self.inbox.bytes(length);
        match Key::of(key) {
            Key::LastEventId => *last_event_id = text.to_vec(),
            Key::Format => return text == b"sse",
            _ => return false,
        }
        true
    }

    /// Makes offsets of code units where the window is UTF-8 beyond ASCII, after JavaScript has found out whether that is broken.
    pub fn measure(&mut self, is_broken: bool) {
        self.table.measure(&self.inbox, is_broken);
    }

    /// Decodes a piece that lies in the inbox, or with `last` what the body's clean end completes. What was found is in the table;
    /// false where decoding cannot go on, and then the last row says why, as for an event that is passed over.
    pub fn decode(&mut self, length: usize, last: bool) -> bool {
        if let State::Described { options, last_event_id } = &self.state {
            let decoder = Decoder::new(*options).with_last_event_id(last_event_id);
            self.state = State::Decoding(Decoding::new(decoder));
        }
        let State::Decoding(decoding) = &mut self.state else { return false };
        decoding.decode(&mut self.inbox, length, last, &mut self.table)
    }

    /// Says whether the body, should it end here, ends inside an event; or puts the last event id in effect into the window.
    pub fn fact(&mut self, what: u32) -> bool {
        let State::Decoding(Decoding::On(decoder)) = &self.state else { return false };
        if what == INSIDE_RECORD {
            return decoder.inside_record();
        }
        self.table.only(&decoder.last_event_id().to_str());
        true
    }
}

impl Default for Machine {
    fn default() -> Self {
        Self::new(false)
    }
}
