//! Relays what a stream delivers to the contract tests.

use std::sync::Arc;

use tidewire::{Attempt, Error, Frame, Reason, Streaming};
use tokio::select;
use tokio::sync::Notify;

use crate::callback::{Callback, Callbacks, Event};

/// Posts a callback for each item, one after the other, until the stream ends. Reads nothing while a callback is being delivered.
pub(crate) async fn relay(mut stream: Streaming<Frame>, restart: Arc<Notify>, mut callbacks: Callbacks) {
    loop {
        select! {
            item = stream.next() => match item.map(callback_of) {
                Some(Some(callback)) => callbacks.post(&callback).await,
                Some(None) => {}
                None => return,
            },
            () = restart.notified() => stream.reconnect(),
        }
    }
}

fn callback_of(item: Result<Frame, Error>) -> Option<Callback> {
    match item {
        Ok(Frame::Event(event)) => Some(Callback::Event { event: Event::from(event) }),
        Ok(Frame::Comment(comment)) => Some(Callback::Comment { comment }),
        // A restart that the tests asked for is not an error.
        Ok(Frame::Attempt(Attempt { reason: Some(Reason::Kick), .. })) => None,
        Ok(Frame::Attempt(Attempt { reason: Some(reason), delay, .. })) => Some(Callback::Error {
            error: format!("the connection was lost ({reason}); reconnecting in {} ms", delay.as_millis()),
        }),
        Ok(_) => None,
        Err(error) => Some(Callback::Error { error: error.to_string() }),
    }
}
