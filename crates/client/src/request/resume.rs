//! Request options: when a request may be sent again, and from which cursor its stream continues.

use std::time::Duration;

use tidewire_core::CursorSource;
use tidewire_core::json::Path;
use tidewire_core::session::Resume;

use crate::cursor::CursorTo;
use crate::input::parse_header;
use crate::request::Request;

impl Request {
    /// Makes the stream a subscription: after a clean end or a break it connects again, as often as needed. It ends on cancel, 204, a
    /// refusal or an end marker.
    pub fn follow(mut self) -> Self {
        self.parts.options.policy.follow = true;
        self
    }

    /// Declares that sending the request twice does no more than sending it once, as for GET and HEAD.
    pub fn idempotent(mut self) -> Self {
        self.parts.idempotent = true;
        self
    }

    /// Declares the request idempotent, and sends this `Idempotency-Key` with all attempts.
    pub fn idempotency_key(self, key: &str) -> Self {
        self.idempotent().header("idempotency-key", key)
    }

    /// Whether the stream may be resumed from its cursor; by default if the request is idempotent. [`Resume::Elsewhere`] needs the
    /// function of [`resume_with`](Self::resume_with), which chooses it.
    pub fn resume(mut self, resume: Resume) -> Self {
        self.parts.options.policy.resume = resume;
        self
    }

    /// For formats without event ids: takes the cursor from the JSON field at `path` (`seq`, `meta.offset`) of each record, and sends it
    /// as `to` says.
    pub fn cursor(mut self, path: &str, to: CursorTo) -> Self {
        if let CursorTo::Header(name) = &to
            && let Err(problem) = parse_header(name, "")
        {
            self.parts.note(problem);
        }
        self.parts.options.cursor_source = CursorSource::Json(Path::parse(path));
        self.parts.preparation().cursor.to = Some(to);
        self
    }

    /// Starts from a stored cursor, to continue an earlier stream.
    ///
    /// A redirect to another origin drops `Last-Event-ID`, and any secret header that carries a cursor. The response from there starts over:
    /// the stream is `truncated` if it has delivered records; if it has not, or is [followed](Self::follow), it reports a
    /// [gap](Self::on_gap).
    pub fn last_event_id(mut self, id: impl Into<String>) -> Self {
        self.parts.options.last_event_id = Some(id.into());
        self
    }

    /// Leaves out records that an earlier attempt had delivered: those with an id among the last 1,024, or not above the cursor if the
    /// server's ids are ordered. Without this they are delivered again. [`on_replayed`](Self::on_replayed) reports them either way.
    pub fn dedupe(mut self) -> Self {
        self.parts.options.dedupe = true;
        self
    }

    /// How many times in a row to try again, not counting the first request; 3 by default.
    pub fn retry_attempts(mut self, attempts: u32) -> Self {
        self.parts.options.policy.retry_attempts = attempts;
        self
    }

    /// The upper bound of the first wait, 1 s by default; it doubles with each further wait, up to 30 s.
    pub fn retry_delay(mut self, delay: Duration) -> Self {
        self.parts.options.policy.retry_delay = delay;
        self
    }
}
