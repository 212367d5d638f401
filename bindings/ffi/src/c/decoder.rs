//! Decoding bytes that are already there.

use std::ffi::{c_char, c_void};
use std::mem::MaybeUninit;
use std::sync::{Arc, Mutex};

use super::client::options;
use super::end::KeptEnd;
use super::event::tidewire_event;
use super::status::{call, clear, free, required, tidewire_error, tidewire_status};
use super::stream::{Reader, own};
use super::text::{bytes, give, tidewire_string};
use crate::decode::{DecodeSettings, NativeDecoder};
use crate::error::NativeError;
use crate::queue::Batch;

/// A decoder of one body, fed in pieces that may be cut anywhere. One thread at a time may use it.
pub struct tidewire_decoder {
    native: Arc<NativeDecoder>,
    decoded: Mutex<Decoded>,
}

/// What was decoded.
#[derive(Default)]
struct Decoded {
    reader: Reader,
    end: Option<KeptEnd>,
}

impl tidewire_decoder {
    /// Decodes more, unless the end is there: then the rest of the body does not count.
    fn decode(&self, read: impl FnOnce(&NativeDecoder) -> Batch) -> Result<tidewire_status, NativeError> {
        let mut decoded = own(&self.decoded)?;
        if decoded.end.is_none() {
            let Batch { items, end } = read(&self.native);
            decoded.reader.add(items);
            decoded.end = end.map(KeptEnd::new);
        }
        Ok(tidewire_status::TIDEWIRE_OK)
    }
}

/// Makes a decoder. `options_json` is an object with `format`, `dialect`, `maxEventBytes`, `skipOversized`, `deliverUnterminated`, `endOn`,
/// `failOn` and `heartbeatOn`; NULL stands for none of them. Without a format the first bytes decide.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tidewire_decoder_new(
    options_json: *const c_char,
    decoder: Option<&mut MaybeUninit<Option<Box<tidewire_decoder>>>>,
    error: Option<&mut MaybeUninit<tidewire_error>>,
) -> tidewire_status {
    call(error, || {
        let decoder = required(decoder, "decoder")?;
        clear(decoder);
        // SAFETY: C passes NULL or a text that is ended by a NUL.
        let settings = unsafe { options(options_json, DecodeSettings::from_json) }?;
        let native = NativeDecoder::new(settings)?;
        decoder.write(Some(Box::new(tidewire_decoder { native, decoded: Mutex::default() })));
        Ok(tidewire_status::TIDEWIRE_OK)
    })
}

/// Takes the next piece of the body. The bytes are copied. What they complete is taken with tidewire_decoder_next.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tidewire_decoder_push(
    decoder: Option<&tidewire_decoder>,
    piece: *const c_void,
    length: usize,
    error: Option<&mut MaybeUninit<tidewire_error>>,
) -> tidewire_status {
    call(error, || {
        // SAFETY: C passes NULL or so many bytes.
        let piece = unsafe { bytes(piece, length, "piece") }?;
        required(decoder, "decoder")?.decode(|native| native.push(piece.to_vec()))
    })
}

/// Takes the clean end of the body.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tidewire_decoder_finish(
    decoder: Option<&tidewire_decoder>,
    error: Option<&mut MaybeUninit<tidewire_error>>,
) -> tidewire_status {
    call(error, || required(decoder, "decoder")?.decode(NativeDecoder::finish))
}

/// The next event: TIDEWIRE_EVENT, TIDEWIRE_NOTHING if more of the body is needed, TIDEWIRE_END, or TIDEWIRE_ERROR with `error`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tidewire_decoder_next(
    decoder: Option<&tidewire_decoder>,
    event: Option<&mut MaybeUninit<tidewire_event>>,
    error: Option<&mut MaybeUninit<tidewire_error>>,
) -> tidewire_status {
    call(error, || {
        let event = required(event, "event")?;
        event.write(tidewire_event::NOTHING);
        let mut decoded = own(&required(decoder, "decoder")?.decoded)?;
        if let Some(next) = decoded.reader.next() {
            event.write(next);
            return Ok(tidewire_status::TIDEWIRE_EVENT);
        }
        match &decoded.end {
            Some(end) => {
                event.write(tidewire_event::of_end(end.for_c()));
                Ok(tidewire_status::TIDEWIRE_END)
            }
            None => Ok(tidewire_status::TIDEWIRE_NOTHING),
        }
    })
}

/// The message of a reply so far, as the JSON object that the command `tidewire` prints; TIDEWIRE_NOTHING without a dialect.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tidewire_decoder_message(
    decoder: Option<&tidewire_decoder>,
    string: Option<&mut MaybeUninit<tidewire_string>>,
) -> tidewire_status {
    call(None, || {
        let string = required(string, "string")?;
        clear(string);
        give(required(decoder, "decoder")?.native.message(), Some(string))
    })
}

/// Frees a decoder. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tidewire_decoder_free(decoder: Option<Box<tidewire_decoder>>) {
    free(decoder);
}
