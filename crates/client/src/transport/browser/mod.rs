//! In a browser, in its workers, in Node: `fetch`, the reader of a `ReadableStream`, and the platform's clock, timers and dice.

mod fetch;
mod time;

use std::future::Future;
use std::ops::{Deref, DerefMut};

use js_sys::Math;
use send_wrapper::SendWrapper;

pub(crate) use self::fetch::{BodyReader, OnceBody, Transport};
pub(crate) use self::time::{Clock, Timer};
use super::Boxed;

/// Nothing, in a browser, where there is one thread. Natively it is `Send`.
pub trait MaybeSend {}
impl<T> MaybeSend for T {}

/// The same for what several threads would use: natively it is `Sync`.
pub trait MaybeSync {}
impl<T> MaybeSync for T {}

/// What stays on the one thread that there is.
pub(crate) struct Sendable<T>(SendWrapper<T>);

impl<T> Sendable<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(SendWrapper::new(value))
    }
}

impl<T> Deref for Sendable<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Sendable<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

/// The same of a future.
pub(crate) fn boxed<F: Future + 'static>(future: F) -> Boxed<F::Output> {
    Box::pin(SendWrapper::new(future))
}

/// An even draw, for the jitter of waits.
pub(crate) fn chance() -> u32 {
    (Math::random() * 4_294_967_296.0) as u32
}
