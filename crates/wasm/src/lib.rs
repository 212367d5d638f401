//! The core of the npm package as JavaScript calls it: functions of numbers over `tidewire-page`, an allocator, and nothing else.
//!
//! There are four cores. Without a feature it decodes server-sent events and text; `streams` adds the session, `formats` the JSON formats, `llm`
//! the dialects of LLM replies. Nothing is decided here and nothing is parsed here. `tidewire_page::abi` has the numbers.
#![cfg_attr(target_arch = "wasm32", no_std)]

#[cfg(target_arch = "wasm32")]
extern crate alloc;

#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code, reason = "the allocator that a module of WebAssembly has to bring")]
mod allocator;
#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code, reason = "functions that JavaScript calls by their names, with addresses of objects")]
mod exports;
#[cfg(all(feature = "streams", target_arch = "wasm32"))]
#[allow(unsafe_code, reason = "as in exports.rs")]
mod stream_exports;

#[cfg(target_arch = "wasm32")]
mod bare {
    //! What std brings elsewhere.

    /// A trap, which JavaScript sees as an exception. The words of a panic would weigh more than the decoders.
    #[panic_handler]
    fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
        core::arch::wasm32::unreachable()
    }
}
