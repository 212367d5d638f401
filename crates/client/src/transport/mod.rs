//! HTTP: sends a request and reads its response, with reqwest natively and `fetch` in a browser.

#[cfg_attr(target_family = "wasm", path = "browser/mod.rs")]
#[cfg_attr(not(target_family = "wasm"), path = "native/mod.rs")]
mod current;
mod message;

#[cfg(not(target_family = "wasm"))]
pub(crate) use self::current::ca_certificates;
#[cfg(not(target_family = "wasm"))]
pub use self::current::forget_connections;
pub(crate) use self::current::{BodyReader, Transport};
pub(crate) use self::message::{Chunk, Outgoing, TransportError, TransportOptions};
use crate::platform::Boxed;

/// A response whose head has arrived, with the platform's body.
pub(crate) type Response = message::Response<BodyReader>;

/// A request that was sent and whose response head has not arrived.
pub(crate) type Sending = Boxed<Result<Response, TransportError>>;
