//! Streams that are always ready, polled without a runtime.

use std::convert::Infallible;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use futures_core::Stream;
use futures_util::stream;

use super::Outcome;
use crate::chunks::Chunks;

pub(crate) fn stream_of(chunks: &Chunks) -> impl Stream<Item = Result<&'static [u8], Infallible>> + use<> {
    stream::iter(chunks.iter().map(Ok))
}

/// Polls a stream to its end.
#[inline(always)]
pub(crate) fn drain<S: Stream>(stream: S, mut take: impl FnMut(S::Item) -> Outcome) -> Outcome {
    let mut stream = pin!(stream);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        match stream.as_mut().poll_next(&mut context) {
            Poll::Ready(Some(item)) => take(item)?,
            Poll::Ready(None) => return Ok(()),
            Poll::Pending => return Err("pending, although every chunk is available".into()),
        }
    }
}
