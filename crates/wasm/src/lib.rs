//! Tidewire's core as JavaScript calls it: numbers in, numbers out, and a table of offsets over one window of text.
//!
//! A [`Machine`] is a bare decoder, which makes frames of bytes, or a whole stream: then it says when to connect, wait, deliver and end,
//! and the driver in `js/` does it. With the feature `llm` a stream may be an LLM's reply, whose records come out as deltas; without
//! the feature `streams` it is a decoder of server-sent events and nothing else, which weighs a quarter.
//!
//! Nothing is decided here and nothing is parsed here; the core does both. Bytes and strings come in through an *inbox*: `reserve`
//! says where in this memory to write them, and the next call says how many there are. Frames go out as rows (see
//! `table.rs`), whose texts lie one behind the other in a window, so that JavaScript decodes once and slices. A
//! crossing costs tens of nanoseconds, an object made for each event far more.
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

mod decoding;
mod inbox;
mod key;
#[cfg_attr(not(feature = "streams"), path = "events.rs")]
mod machine;
#[cfg(feature = "streams")]
#[cfg_attr(not(feature = "llm"), path = "no_reply.rs")]
mod reply;
#[cfg(feature = "streams")]
mod setup;
mod table;
mod utf16;

pub use machine::Machine;

#[cfg(target_arch = "wasm32")]
mod bare {
    //! What std brings elsewhere.

    #[global_allocator]
    static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

    /// A trap, which JavaScript sees as an exception. The words of a panic would weigh more than the decoders.
    #[panic_handler]
    fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
        core::arch::wasm32::unreachable()
    }
}
