//! The functions of a decoder.
//!
//! What wasm-bindgen would add here weighs as much as a tenth of the decoder. JavaScript hands in no references and keeps an object until it frees
//! it, so a pointer that was made here is all that it needs. The parser is its own header: its address is where the other side looks.

use alloc::boxed::Box;

#[cfg(not(feature = "streams"))]
pub(crate) use tidewire_page::Parser as Machine;
#[cfg(feature = "streams")]
pub(crate) use tidewire_page::Stream as Machine;

/// The object at an address that `machine_new` gave, and `machine_free` has not taken. Null, which an object has after its end, traps.
macro_rules! machine {
    ($address:expr) => {
        // SAFETY: JavaScript calls from one thread and calls nothing from inside a call, so this is the only reference to the object.
        match unsafe { $address.as_mut() } {
            Some(machine) => machine,
            None => core::arch::wasm32::unreachable(),
        }
    };
}

#[cfg(feature = "streams")]
pub(crate) use machine;

// SAFETY, of all exports: no other function of the module has one of these names.

/// A decoder that has not begun. With `wide`, texts that are not ASCII come as UTF-16.
#[unsafe(no_mangle)]
extern "C" fn machine_new(wide: bool) -> *mut Machine {
    Box::into_raw(Machine::boxed(wide))
}

/// The address of the header.
#[unsafe(no_mangle)]
extern "C" fn machine_header(machine: *mut Machine) -> *mut Machine {
    machine
}

/// Makes room for so many bytes, and writes into the header where.
#[unsafe(no_mangle)]
extern "C" fn machine_reserve(machine: *mut Machine, length: usize) {
    machine!(machine).reserve(length);
}

/// Sets the last event id of the connection before this one, which was written like a piece.
#[unsafe(no_mangle)]
extern "C" fn machine_last_id(machine: *mut Machine, length: usize) {
    machine!(machine).continue_from(length);
}

/// Decodes a piece, or with `last` what the body's clean end completes. False if decoding cannot go on.
#[unsafe(no_mangle)]
extern "C" fn machine_decode(machine: *mut Machine, length: usize, last: bool) -> bool {
    machine!(machine).decode(length, last)
}

/// Makes the offsets of the rows code units.
#[unsafe(no_mangle)]
extern "C" fn machine_measure(machine: *mut Machine, is_broken: bool) {
    machine!(machine).measure(is_broken);
}

/// Frees a parser.
#[unsafe(no_mangle)]
extern "C" fn machine_free(machine: *mut Machine) {
    let machine: *mut Machine = machine!(machine);
    // SAFETY: it is not null, and JavaScript forgets the address.
    drop(unsafe { Box::from_raw(machine) });
}
