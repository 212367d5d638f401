//! One call of `next`.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::Streaming;
use crate::error::Error;

/// The future of [`Streaming::next`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Next<'a, I> {
    stream: &'a mut Streaming<I>,
    /// Polled, and without an answer so far.
    asking: bool,
}

impl<'a, I> Next<'a, I> {
    pub(crate) const fn new(stream: &'a mut Streaming<I>) -> Self {
        Self { stream, asking: false }
    }
}

impl<I> Future for Next<'_, I> {
    type Output = Option<Result<I, Error>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let item = self.stream.poll_item(cx);
        self.asking = item.is_pending();
        item
    }
}

impl<I> Drop for Next<'_, I> {
    fn drop(&mut self) {
        if self.asking {
            self.stream.pause();
        }
    }
}
