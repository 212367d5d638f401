//! The functions of a stream beside those of a decoder; see `exports.rs`.

use tidewire_core::session::At;
use tidewire_page::Role;

use crate::exports::{Machine, machine};

/// When something happened, in milliseconds, and an even draw from all `u32`.
const fn at(now: f64, chance: u32) -> At {
    At { now, chance }
}

/// Declares a marker that was written like a piece: 0 a failure, 1 an end, 2 a heartbeat. False if it is none.
#[unsafe(no_mangle)]
extern "C" fn machine_marker(machine: *mut Machine, role: u32, length: usize) -> bool {
    let role = match role {
        0 => Role::Failure,
        1 => Role::End,
        _ => Role::Heartbeat,
    };
    machine!(machine).add_marker(role, length)
}

/// Something happened: one of `happened` in `tidewire_page::abi`, with the number that some of these have.
#[unsafe(no_mangle)]
extern "C" fn machine_tell(machine: *mut Machine, now: f64, chance: u32, what: u32, given: f64) {
    machine!(machine).tell(at(now, chance), what, given);
}

/// The response's head arrived.
#[unsafe(no_mangle)]
extern "C" fn machine_head(
    machine: *mut Machine,
    now: f64,
    chance: u32,
    status: u32,
    format: u32,
    retry_after: f64,
    is_relayed: bool,
) {
    machine!(machine).head(at(now, chance), status, format, retry_after, is_relayed);
}

/// A piece of the body arrived, and the consumer asks.
#[unsafe(no_mangle)]
extern "C" fn machine_received(machine: *mut Machine, now: f64, chance: u32, length: usize) -> u32 {
    machine!(machine).received(at(now, chance), length)
}

/// The consumer asks what to do next.
#[unsafe(no_mangle)]
extern "C" fn machine_advance(machine: *mut Machine, now: f64, chance: u32) -> u32 {
    machine!(machine).advance(at(now, chance))
}

/// When the stream wants a tick, at the latest.
#[unsafe(no_mangle)]
extern "C" fn machine_due(machine: *mut Machine) -> f64 {
    machine!(machine).due()
}

/// The longest silence until now.
#[unsafe(no_mangle)]
extern "C" fn machine_silence(machine: *mut Machine, now: f64) -> f64 {
    machine!(machine).longest_silence(now)
}

/// Shows a text of the stream in the window: one of `which` in `tidewire_page::abi`. False if there is none.
#[unsafe(no_mangle)]
extern "C" fn machine_text(machine: *mut Machine, which: u32) -> bool {
    machine!(machine).show_text(which)
}

/// Makes a JSON field the cursor; its path was written like a piece.
#[cfg(feature = "formats")]
#[unsafe(no_mangle)]
extern "C" fn machine_path(machine: *mut Machine, length: usize) {
    machine!(machine).set_cursor_path(length);
}

/// Has a dialect read the records; its name was written like a piece. False for a name of none.
#[cfg(feature = "llm")]
#[unsafe(no_mangle)]
extern "C" fn machine_dialect(machine: *mut Machine, length: usize) -> bool {
    machine!(machine).set_dialect(length)
}

/// Takes in what is requested, which was written like a piece. False if a stored cursor is of no use to it.
#[cfg(feature = "llm")]
#[unsafe(no_mangle)]
extern "C" fn machine_request(machine: *mut Machine, length: usize) -> bool {
    machine!(machine).set_request(length)
}
