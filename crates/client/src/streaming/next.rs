//! One call of `next`.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::error::Error;
use crate::streaming::Streaming;

/// The future of [`Streaming::next`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Next<'a, I> {
    stream: &'a mut Streaming<I>,
    /// It was polled, and the item has not arrived.
    pending: bool,
}

impl<I> Streaming<I> {
    /// The next item. Cancel-safe: a call that is dropped before it is ready loses no item, and its time does not count towards the
    /// limits on silence.
    #[expect(clippy::should_implement_trait, reason = "the usual name for it, as in StreamExt::next")]
    pub fn next(&mut self) -> Next<'_, I> {
        Next { stream: self, pending: false }
    }
}

impl<I> Future for Next<'_, I> {
    type Output = Option<Result<I, Error>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let item = self.stream.poll_item(cx);
        self.pending = item.is_pending();
        item
    }
}

impl<I> Drop for Next<'_, I> {
    fn drop(&mut self) {
        if self.pending {
            self.stream.pause();
        }
    }
}
