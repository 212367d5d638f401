//! One function for everything that can happen to a stream.

use super::action::{Action, Todo};
use super::facts::State;
use super::input::{Head, Input};
use super::reading::Noted;
use super::session::Session;
use super::time::{At, duration, ms};

impl Session {
    /// Feeds one input, with effect at once, and returns the next action. Of a refused response the body is not waited for.
    pub fn handle(&mut self, at: At, input: Input<'_>) -> Action {
        let was_closed = self.facts.state == State::Closed;
        if let Some(action) = self.happened(at, input) {
            return action;
        }
        self.conclude(at);
        if self.facts.state == State::Refused {
            self.facts.state = State::Closed;
        }
        match self.take() {
            Todo::Nothing => Action::Nothing,
            Todo::Close if was_closed => Action::Nothing,
            Todo::Close => Action::Close,
            Todo::Connect => Action::Connect,
            Todo::Stalled => Action::Stalled { silent: duration(self.facts.silent) },
            Todo::Retry => {
                let gap = self.take() == Todo::Gap;
                Action::Wait(self.facts.retry(gap))
            }
            Todo::Gap => Action::Gap { after: text(self.gap_after()) },
        }
    }

    /// Returns the action of a record or an id, if it causes one.
    fn happened(&mut self, at: At, input: Input<'_>) -> Option<Action> {
        match input {
            Input::Start => self.start(at),
            Input::Sent => self.sent(),
            Input::Head(Head { status, content_type, retry_after, relayed }) => {
                self.head(at, status.into(), content_type, retry_after.map_or(-1.0, ms), relayed);
            }
            Input::Activity => self.activity(at),
            Input::Wire => self.received(at, 1),
            Input::Record { cursor, id } => {
                let noted = self.record(at.now, cursor.map(str::as_bytes), id.map(str::as_bytes));
                if noted.is(Noted::REPEAT) {
                    return Some(Action::Replayed { first: noted.is(Noted::FIRST_REPEAT) });
                }
                return noted.is(Noted::GAP).then(|| Action::Gap { after: text(self.gap_before_id()) });
            }
            Input::Cursor { cursor, id } => {
                let is_gap = self.id(cursor.as_bytes(), id.map(str::as_bytes));
                return is_gap.then(|| Action::Gap { after: text(self.gap_before_id()) });
            }
            Input::CursorLost => self.cursor_lost(at.now),
            Input::RetryField(wait) => self.retry_field(ms(wait)),
            Input::Reply(state) => self.reply_state(state),
            Input::EndMarker => self.decided(false),
            Input::FailureMarker => self.decided(true),
            Input::BodyEnd { inside_record } => self.finished(inside_record),
            Input::Broken(failure) => self.broke(at, failure),
            Input::RefreshFailed => self.refresh_failed(at.now),
            Input::Unreadable { offset, limit } => {
                self.undecodable(offset as f64, limit.map_or(-1.0, |limit| limit as f64));
            }
            Input::Tick => self.tick(at),
            Input::Pause => self.pause(at.now),
            Input::Resume => self.resume(at.now),
            Input::Kick => self.kick(at),
            Input::Check { away } => self.check(at, ms(away)),
            Input::QueueTimeout => self.queue_timeout(at.now),
            Input::Cancel => self.cancel(at),
        }
        None
    }
}

fn text(id: &[u8]) -> alloc::string::String {
    alloc::string::String::from_utf8_lossy(id).into_owned()
}
