//! The C API: blocking calls over the same native client, for C, C++, Go and whatever else can call C.
//!
//! `bindings/c/tidewire.h` is made from these modules, so their comments are written for callers in C, and types and functions have their
//! names in C. Each function checks its arguments, catches panics, and answers with a [`tidewire_status`](status::tidewire_status).
//!
//! - [`status`]: what a call came to, errors, and the one place where panics are caught.
//! - [`text`]: texts and bytes, in both directions.
//! - [`event`]: what streams deliver, as a flat struct that points into the item that the stream keeps.
//! - [`end`]: how a stream ended, its counts and its state.
//! - [`client`], [`stream`], [`hooks`], [`decoder`]: the objects.
//!
//! What other threads may do: a stream is shared, never borrowed mutably. What only the reading thread touches is behind a lock that
//! [`tidewire_next`](stream::tidewire_next) holds; all else goes to [`NativeStream`](crate::NativeStream), which any thread may use.
//!
//! Arguments that C passes as pointers are `Option` of a reference or a box here, which has the same representation: NULL is `None`. The
//! header says what else C has to see to: that a pointer is NULL or valid, and that an object is freed once and not used any more.
#![expect(non_camel_case_types, unreachable_pub, reason = "these are the names in C, and C calls them")]

mod client;
mod decoder;
mod end;
mod event;
mod hooks;
mod status;
mod stream;
mod text;
