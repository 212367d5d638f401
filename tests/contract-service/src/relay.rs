//! From a stream to the tests.

use std::sync::Arc;

use tidewire::{Attempt, Error, Frame, Reason, Streaming};
use tokio::select;
use tokio::sync::Notify;

use crate::callback::{Callback, Callbacks, Event};

/// Tells of all that comes, one after the other, until the stream ends. Nothing is read while the tests take their time.
pub(crate) async fn relay(mut stream: Streaming<Frame>, restart: Arc<Notify>, mut callbacks: Callbacks) {
    loop {
        select! {
            item = stream.next() => match item.map(told) {
                Some(Some(callback)) => callbacks.post(&callback).await,
                Some(None) => {}
                None => return,
            },
            () = restart.notified() => stream.reconnect(),
        }
    }
}

fn told(item: Result<Frame, Error>) -> Option<Callback> {
    match item {
        Ok(Frame::Event(event)) => Some(Callback::Event { event: Event::from(event) }),
        Ok(Frame::Comment(comment)) => Some(Callback::Comment { comment }),
        // What the tests ask for themselves is no error.
        Ok(Frame::Attempt(Attempt { reason: Some(Reason::Kick), .. })) => None,
        Ok(Frame::Attempt(Attempt { reason: Some(reason), delay, .. })) => Some(Callback::Error {
            error: format!("the connection is lost ({reason}); the next one in {} ms", delay.as_millis()),
        }),
        Ok(_) => None,
        Err(error) => Some(Callback::Error { error: error.to_string() }),
    }
}
