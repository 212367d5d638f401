//! Random histories of a session: its policy and its inputs.

use core::time::Duration;

use arbitrary::{Arbitrary, Result, Unstructured};
use tidewire_core::session::{ContentType, Failure, Head, Input, Policy, ReplyState, Resume};

/// The offset of [`Happening::Unreadable`].
const OFFSET: u64 = 7;

/// The policy of a session, and what happens to it.
#[derive(Arbitrary, Debug)]
pub struct History {
    idempotent: bool,
    repeatable: bool,
    follow: bool,
    expects_marker: bool,
    reply: bool,
    refresh: bool,
    #[arbitrary(with = resume)]
    resume: Resume,
    #[arbitrary(with = |bytes: &mut Unstructured| Ok(bytes.arbitrary::<u8>()? % 5))]
    retry_attempts: u8,
    /// In tenths of a second.
    retry_delay: u8,
    /// In seconds: first event, idle, progress, total, stall.
    limits: [Option<u8>; 5],
    stored: Option<Id>,
    pub(super) steps: Vec<Step>,
}

/// Something that happens after a time.
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
    Sent,
    Head {
        #[arbitrary(with = status)]
        status: u16,
        #[arbitrary(with = content_type)]
        content_type: ContentType,
        /// In tenths of a second.
        retry_after: Option<u16>,
        #[arbitrary(with = |bytes: &mut Unstructured| bytes.ratio(1_u8, 4_u8))]
        relayed: bool,
    },
    Activity,
    Wire,
    Record {
        id: Option<Id>,
        cursor: Place,
    },
    /// Many records, with ids that are not of the ordered form.
    Records {
        from: u8,
        tens: u8,
    },
    Cursor {
        id: Option<Id>,
        cursor: Place,
    },
    CursorLost,
    RetryField(#[arbitrary(with = retry_field)] u64),
    Reply(#[arbitrary(with = reply_state)] ReplyState),
    EndMarker,
    FailureMarker,
    BodyEnd {
        inside_record: bool,
    },
    Broken(#[arbitrary(with = failure)] Failure),
    RefreshFailed,
    Unreadable,
    Tick,
    Pause,
    Resume,
    Kick,
    QueueTimeout,
    Cancel,
}

/// Ids; some of them are ordered.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) enum Id {
    A,
    B,
    C,
    One,
    Two,
    Three,
    Seven,
    Last,
    OtherOne,
    OtherTwo,
}

/// The cursor that arrives with an id.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) enum Place {
    /// The id, if there is one.
    Id,
    Nothing,
    Empty,
    Other(Id),
}

impl History {
    pub(super) fn policy(&self) -> Policy {
        let limit = |index: usize| self.limits[index].map(|seconds| Duration::from_secs(seconds.into()));
        Policy {
            idempotent: self.idempotent,
            repeatable: self.repeatable,
            follow: self.follow,
            resume: self.resume,
            expects_marker: self.expects_marker,
            reply: self.reply,
            refresh: self.refresh,
            retry_attempts: self.retry_attempts.into(),
            retry_delay: Duration::from_millis(100) * self.retry_delay.into(),
            first_event_timeout: limit(0),
            idle_timeout: limit(1),
            progress_timeout: limit(2),
            timeout: limit(3),
            stall_after: limit(4),
        }
    }

    pub(super) fn stored(&self) -> Option<&'static str> {
        self.stored.map(Id::text)
    }
}

impl Id {
    const fn text(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::B => "b",
            Self::C => "1-2-3",
            Self::One => "e-1",
            Self::Two => "e-2",
            Self::Three => "e-3",
            Self::Seven => "e-7",
            Self::Last => "e-18446744073709551615",
            Self::OtherOne => "f-1",
            Self::OtherTwo => "f-2",
        }
    }
}

impl Place {
    fn text(self, id: Option<Id>) -> Option<&'static str> {
        match self {
            Self::Id => id.map(Id::text),
            Self::Nothing => None,
            Self::Empty => Some(""),
            Self::Other(other) => Some(other.text()),
        }
    }
}

impl Happening {
    /// Hands over its inputs one by one.
    pub(super) fn each(self, mut tell: impl FnMut(Input<'_>)) {
        tell(match self {
            Self::Start => Input::Start,
            Self::Sent => Input::Sent,
            Self::Head { status, content_type, retry_after, relayed } => {
                let retry_after = retry_after.map(|tenths| Duration::from_millis(100) * tenths.into());
                Input::Head(Head { status, content_type, retry_after, relayed })
            }
            Self::Activity => Input::Activity,
            Self::Wire => Input::Wire,
            Self::Record { id, cursor } => Input::Record { cursor: cursor.text(id), id: id.map(Id::text) },
            Self::Records { from, tens } => {
                for number in 0..10 * u32::from(tens) {
                    let id = format!("n{}", u32::from(from) + number);
                    tell(Input::Record { cursor: Some(&id), id: Some(&id) });
                }
                return;
            }
            Self::Cursor { id, cursor } => {
                Input::Cursor { cursor: cursor.text(id).unwrap_or_default(), id: id.map(Id::text) }
            }
            Self::CursorLost => Input::CursorLost,
            Self::RetryField(ms) => Input::RetryField(Duration::from_millis(ms)),
            Self::Reply(state) => Input::Reply(state),
            Self::EndMarker => Input::EndMarker,
            Self::FailureMarker => Input::FailureMarker,
            Self::BodyEnd { inside_record } => Input::BodyEnd { inside_record },
            Self::Broken(failure) => Input::Broken(failure),
            Self::RefreshFailed => Input::RefreshFailed,
            Self::Unreadable => Input::Unreadable { offset: OFFSET, limit: None },
            Self::Tick => Input::Tick,
            Self::Pause => Input::Pause,
            Self::Resume => Input::Resume,
            Self::Kick => Input::Kick,
            Self::QueueTimeout => Input::QueueTimeout,
            Self::Cancel => Input::Cancel,
        });
    }
}

fn resume(bytes: &mut Unstructured<'_>) -> Result<Resume> {
    bytes.choose(&[Resume::Auto, Resume::Always, Resume::Never, Resume::Elsewhere]).copied()
}

fn status(bytes: &mut Unstructured<'_>) -> Result<u16> {
    // Mostly 200, since only that leads to a body.
    const STATUSES: [u16; 22] = [
        200, 200, 200, 200, 206, 204, 100, 301, 304, 400, 401, 401, 403, 404, 408, 425, 429, 500, 502, 503,
        504, 529,
    ];
    bytes.choose(&STATUSES).copied()
}

fn content_type(bytes: &mut Unstructured<'_>) -> Result<ContentType> {
    use ContentType::{Accepted, Assumed, Missing, Refused};
    bytes.choose(&[Accepted, Accepted, Accepted, Accepted, Assumed, Refused, Missing]).copied()
}

fn retry_field(bytes: &mut Unstructured<'_>) -> Result<u64> {
    let any = u64::from(bytes.arbitrary::<u16>()?);
    bytes.choose(&[any, any, 10, 59_999, 60_000, 60_001, 86_400_000, u64::MAX]).copied()
}

fn reply_state(bytes: &mut Unstructured<'_>) -> Result<ReplyState> {
    use ReplyState::{Complete, Failed, MayComplete, MayEnd, Nothing, Open};
    bytes.choose(&[Open, MayComplete, MayEnd, Nothing, Open, MayComplete, MayEnd, Complete, Failed]).copied()
}

fn failure(bytes: &mut Unstructured<'_>) -> Result<Failure> {
    use Failure::{Body, Connect, ConnectTimeout, Head, Permanent};
    bytes.choose(&[Connect, ConnectTimeout, Head, Body, Permanent]).copied()
}
