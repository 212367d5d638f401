//! The reply of an LLM.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use serde::de::DeserializeOwned;
use tidewire_llm::{Delta, Dialect, Message};

use crate::error::{Error, RecordError, StreamEnd};
use crate::streaming::Streaming;

/// The deltas of a reply as they come, and the [`Message`] that they come to.
///
/// As [`Streaming`], of which it is made: the last item is an `Err` unless the reply is complete, or has ended in a dialect that knows
/// no end of its own.
///
/// A [followed](crate::Request::follow) reply that broke and cannot go on behind a cursor is told from its beginning, and its message begins
/// anew; [`on_gap`](crate::Request::on_gap) says so before.
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

    /// The next delta. Cancel-safe, as [`Streaming::next`].
    pub async fn next(&mut self) -> Option<Result<Delta<'static>, Error>> {
        let item = self.stream.next().await;
        self.note(item.as_ref());
        item
    }

    /// What the deltas that were taken come to. Its tool calls have their arguments as far as they have come.
    #[must_use]
    pub const fn message(&self) -> &Message {
        &self.message
    }

    /// The same, to ask a tool call for its [partial](tidewire_llm::ToolCall::partial) arguments.
    pub const fn message_mut(&mut self) -> &mut Message {
        &mut self.message
    }

    /// Reads on to the end; the whole message.
    ///
    /// # Errors
    /// How the reply ended, if it is not whole; else the first record that was passed over, of which nobody can say what it held.
    pub async fn whole(mut self) -> Result<Message, Error> {
        let mut hole = None;
        while let Some(item) = self.next().await {
            match item {
                Ok(_) => {}
                Err(error) if error.is_last() => return Err(error),
                Err(error) => hole = hole.or(Some(error)),
            }
        }
        hole.map_or(Ok(self.message), Err)
    }

    /// Reads on to the end; the text as the JSON that was asked for.
    ///
    /// # Errors
    /// How the reply ended, if it is not whole; or that its text does not fit.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T, Error> {
        let message = self.whole().await?;
        serde_json::from_str(&message.text).map_err(|error| RecordError::Type(error).into())
    }

    /// The dialect; [`Dialect::Auto`] before a record has said which it is.
    #[must_use]
    pub fn dialect(&self) -> &Dialect {
        self.stream.dialect().unwrap_or(&Dialect::Auto)
    }

    /// How the reply ended, once its last delta was taken.
    #[must_use]
    pub fn end(&self) -> Option<&StreamEnd> {
        self.stream.end()
    }

    /// The stream: its outcome, its statistics, to stop it.
    pub const fn stream(&mut self) -> &mut Streaming<Delta<'static>> {
        &mut self.stream
    }

    fn note(&mut self, item: Option<&Result<Delta<'static>, Error>>) {
        if let Some(Ok(delta)) = item {
            if self.stream.take_anew() {
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
        self.note(item.as_ref());
        Poll::Ready(item)
    }
}
