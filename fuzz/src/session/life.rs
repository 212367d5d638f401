//! What can happen to a session, out of the fuzzer's bytes.

use core::time::Duration;

use arbitrary::{Arbitrary, Result, Unstructured};
use tidewire_core::session::{Action, At, Failure, Head, Input, Policy, Resume, Session};

/// What a session is allowed, and what happens to it.
#[derive(Arbitrary, Debug)]
pub struct Life {
    idempotent: bool,
    repeatable: bool,
    follow: bool,
    expects_marker: bool,
    #[arbitrary(with = resume)]
    resume: Resume,
    #[arbitrary(with = |bytes: &mut Unstructured| Ok(bytes.arbitrary::<u8>()? % 5))]
    retry_attempts: u8,
    /// In tenths of a second.
    retry_delay: u8,
    /// Seconds: first event, idle, progress, the whole, stall.
    limits: [Option<u8>; 5],
    pub(super) stored: bool,
    pub(super) steps: Vec<Step>,
}

/// Something that happens, so much later.
#[derive(Arbitrary, Debug)]
pub(super) struct Step {
    pub(super) later: Later,
    pub(super) happening: Happening,
    pub(super) chance: u32,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) enum Later {
    AtOnce,
    Milliseconds(u16),
    Seconds(u8),
    WhenDue,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) enum Happening {
    Start,
    Head {
        #[arbitrary(with = status)]
        status: u16,
        acceptable: bool,
        /// In seconds.
        retry_after: Option<u8>,
    },
    Wire,
    Record {
        cursor: Option<Cursor>,
    },
    Cursor(Cursor),
    /// In tenths of a second.
    Retry(u16),
    EndMarker,
    FailureMarker,
    BodyEnd {
        inside_record: bool,
    },
    Broken(#[arbitrary(with = failure)] Failure),
    Unreadable,
    Tick,
    Pause,
    Resume,
    Kick,
    QueueTimeout,
    Cancel,
}

/// A cursor; the first is none.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) enum Cursor {
    None,
    A,
    B,
    C,
}

impl Life {
    pub(super) fn policy(&self) -> Policy {
        let limit = |index: usize| self.limits[index].map(|seconds| Duration::from_secs(seconds.into()));
        Policy {
            idempotent: self.idempotent,
            repeatable: self.repeatable,
            follow: self.follow,
            resume: self.resume,
            expects_marker: self.expects_marker,
            retry_attempts: self.retry_attempts.into(),
            retry_delay: Duration::from_millis(100) * self.retry_delay.into(),
            first_event_timeout: limit(0),
            idle_timeout: limit(1),
            progress_timeout: limit(2),
            timeout: limit(3),
            stall_after: limit(4),
        }
    }
}

impl Cursor {
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::None => "",
            Self::A => "a",
            Self::B => "b",
            Self::C => "c",
        }
    }
}

impl Happening {
    pub(super) fn tell(self, session: &mut Session, at: At) -> Action {
        session.handle(
            at,
            match self {
                Self::Start => Input::Start,
                Self::Head { status, acceptable, retry_after } => {
                    let retry_after = retry_after.map(|seconds| Duration::from_secs(seconds.into()));
                    Input::Head(Head { status, acceptable, retry_after })
                }
                Self::Wire => Input::Wire,
                Self::Record { cursor } => Input::Record { cursor: cursor.map(Cursor::text) },
                Self::Cursor(cursor) => Input::Cursor(cursor.text()),
                Self::Retry(tenths) => Input::Retry(Duration::from_millis(100) * tenths.into()),
                Self::EndMarker => Input::EndMarker,
                Self::FailureMarker => Input::FailureMarker,
                Self::BodyEnd { inside_record } => Input::BodyEnd { inside_record },
                Self::Broken(failure) => Input::Broken(failure),
                Self::Unreadable => Input::Unreadable { offset: 7, limit: None },
                Self::Tick => Input::Tick,
                Self::Pause => Input::Pause,
                Self::Resume => Input::Resume,
                Self::Kick => Input::Kick,
                Self::QueueTimeout => Input::QueueTimeout,
                Self::Cancel => Input::Cancel,
            },
        )
    }
}

fn resume(bytes: &mut Unstructured<'_>) -> Result<Resume> {
    bytes.choose(&[Resume::Auto, Resume::Always, Resume::Never, Resume::Elsewhere]).copied()
}

fn status(bytes: &mut Unstructured<'_>) -> Result<u16> {
    // 200 is what most replies have, and what leads further.
    const STATUSES: [u16; 20] =
        [200, 200, 200, 200, 206, 204, 100, 301, 304, 400, 401, 404, 408, 425, 429, 500, 502, 503, 504, 529];
    bytes.choose(&STATUSES).copied()
}

fn failure(bytes: &mut Unstructured<'_>) -> Result<Failure> {
    bytes.choose(&[Failure::Connect, Failure::ConnectTimeout, Failure::Head, Failure::Body]).copied()
}
