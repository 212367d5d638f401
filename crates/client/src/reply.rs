//! An LLM's reply: its deltas, and the message that they add up to.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use serde::de::DeserializeOwned;
use tidewire_llm::{Delta, Dialect, Message};

use crate::error::{Error, RecordError, StreamEnd};
use crate::streaming::Streaming;

/// The deltas of a reply as they arrive, and the [`Message`] that they add up to.
///
/// Read like [`Streaming`]: the last item is an `Err` unless the reply is complete, or has ended in a dialect that has no end marker.
///
/// A [followed](crate::Request::follow) reply that broke and cannot be resumed starts over, and so does its message;
/// [`on_gap`](crate::Request::on_gap) reports that before.
#[derive(Debug)]
#[must_use = "a reply does nothing until its deltas are asked for"]
pub struct Reply {
    stream: Streaming<Delta<'static>>,
    message: Message,
}

impl Reply {
    pub(crate) fn new(stream: Streaming<Delta<'static>>) -> Self {
        Self { stream, message: Message::default() }
    }

    /// The next delta. Cancel-safe, like [`Streaming::next`].
    pub async fn next(&mut self) -> Option<Result<Delta<'static>, Error>> {
        let item = self.stream.next().await;
        self.add(item.as_ref());
        item
    }

    /// The message so far: what the deltas that were taken add up to. Its tool calls have the arguments that have arrived.
    #[must_use]
    pub const fn message(&self) -> &Message {
        &self.message
    }

    /// The message so far, mutable: for the [partial](tidewire_llm::ToolCall::partial) arguments of a tool call.
    pub const fn message_mut(&mut self) -> &mut Message {
        &mut self.message
    }

    /// Reads to the end and returns the whole message.
    ///
    /// # Errors
    /// How the reply ended, if it is not whole; otherwise the first record that could not be read, since the message may lack its
    /// content.
    pub async fn whole(mut self) -> Result<Message, Error> {
        let mut unread = None;
        while let Some(item) = self.next().await {
            match item {
                Ok(_) => {}
                Err(error) if error.is_last() => return Err(error),
                Err(error) => unread = unread.or(Some(error)),
            }
        }
        unread.map_or(Ok(self.message), Err)
    }

    /// Reads to the end and parses the text as JSON.
    ///
    /// # Errors
    /// As for [`whole`](Self::whole); or that the text is not JSON of this type.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T, Error> {
        let message = self.whole().await?;
        serde_json::from_str(&message.text).map_err(|error| RecordError::Type(error).into())
    }

    /// The dialect; [`Dialect::Auto`] until a record identifies it.
    #[must_use]
    pub fn dialect(&self) -> &Dialect {
        self.stream.dialect().unwrap_or(&Dialect::Auto)
    }

    /// How the reply ended, once its last delta was taken.
    #[must_use]
    pub fn end(&self) -> Option<&StreamEnd> {
        self.stream.end()
    }

    /// The stream of the deltas: its outcome, its statistics, to stop it.
    pub const fn stream(&mut self) -> &mut Streaming<Delta<'static>> {
        &mut self.stream
    }

    /// Adds a delta to the message, which starts over when the reply does.
    fn add(&mut self, item: Option<&Result<Delta<'static>, Error>>) {
        if let Some(Ok(delta)) = item {
            if self.stream.take_restarted() {
                self.message = Message::default();
            }
            self.message.push(delta);
        }
    }
}

impl futures_core::Stream for Reply {
    type Item = Result<Delta<'static>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = ready!(self.stream.poll_item(cx));
        self.add(item.as_ref());
        Poll::Ready(item)
    }
}
