//! What holds for a session whatever happens, in whatever order.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec;

use proptest::collection;
use proptest::prelude::*;

use super::super::*;
use super::timeline::head;

const CAP: Duration = Duration::from_secs(30);

/// Something that happens: so many milliseconds later, this.
type Step = (u64, Happening, u32);

#[derive(Clone, Copy, Debug)]
enum Happening {
    Start,
    Head { status: u16, acceptable: bool, retry_after: Option<u64> },
    Wire,
    Record { cursor: Option<u8> },
    Cursor(u8),
    Retry(u64),
    EndMarker,
    FailureMarker,
    BodyEnd { inside_record: bool },
    Broken(Failure),
    Unreadable,
    Tick,
    Pause,
    Resume,
    Kick,
    QueueTimeout,
    Cancel,
}

fn happening() -> impl Strategy<Value = Happening> {
    use Happening::{
        BodyEnd, Broken, Cancel, Cursor, EndMarker, FailureMarker, Head, Kick, Pause, QueueTimeout, Record,
        Resume, Retry, Start, Tick, Unreadable, Wire,
    };
    let statuses = prop::sample::select(vec![200, 200, 200, 204, 301, 404, 408, 429, 500, 503, 529]);
    let failures = [Failure::Connect, Failure::ConnectTimeout, Failure::Head, Failure::Body];
    prop_oneof![
        6 => Just(Start),
        6 => (statuses, prop::bool::weighted(0.9), prop::option::of(0_u64..70))
            .prop_map(|(status, acceptable, retry_after)| Head { status, acceptable, retry_after }),
        4 => Just(Wire),
        6 => prop::option::of(0_u8..5).prop_map(|cursor| Record { cursor }),
        2 => (0_u8..5).prop_map(Cursor),
        1 => (0_u64..50).prop_map(Retry),
        1 => Just(EndMarker),
        1 => Just(FailureMarker),
        3 => any::<bool>().prop_map(|inside_record| BodyEnd { inside_record }),
        6 => prop::sample::select(failures.to_vec()).prop_map(Broken),
        1 => Just(Unreadable),
        12 => Just(Tick),
        2 => Just(Pause),
        2 => Just(Resume),
        2 => Just(Kick),
        1 => Just(QueueTimeout),
        1 => Just(Cancel),
    ]
}

fn policy() -> impl Strategy<Value = Policy> {
    let resume = prop::sample::select(vec![Resume::Auto, Resume::Always, Resume::Never, Resume::Elsewhere]);
    let limit = || prop::option::weighted(0.3, (1_u64..60).prop_map(Duration::from_secs));
    let limits = (limit(), limit(), limit(), limit(), limit());
    (any::<[bool; 4]>(), resume, 0_u32..5, 0_u64..5, limits).prop_map(
        |([idempotent, repeatable, follow, expects_marker], resume, retry_attempts, delay, limits)| Policy {
            idempotent,
            repeatable,
            follow,
            resume,
            expects_marker,
            retry_attempts,
            retry_delay: Duration::from_secs(delay),
            first_event_timeout: limits.0,
            idle_timeout: limits.1,
            progress_timeout: limits.2,
            timeout: limits.3.map(|limit| limit * 4),
            stall_after: limits.4,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn hold(policy in policy(), stored in any::<bool>(), steps in collection::vec((0_u64..40_000, happening(), any::<u32>()), 0..60)) {
        check(policy, stored.then_some("stored"), &steps);
    }
}

/// What a session may do next, as far as it can be said without the table of reconnects.
struct Model {
    policy: Policy,
    /// A request is under way.
    request: bool,
    connects: u32,
    /// Waits since a record came or a body stood long enough.
    waits: u32,
    /// The request may have done its work.
    sent: bool,
    any_record: bool,
    cursor: Option<String>,
    floor: Duration,
}

fn check(policy: Policy, stored: Option<&str>, steps: &[Step]) {
    let mut session = Session::new(policy, stored);
    let mut model = Model {
        policy,
        request: false,
        connects: 0,
        waits: 0,
        sent: false,
        any_record: false,
        cursor: stored.map(ToOwned::to_owned),
        floor: Duration::ZERO,
    };
    let mut now = Duration::ZERO;
    for &(later, happening, chance) in steps {
        now += Duration::from_millis(later);
        let before = session.state;
        let action = tell(&mut session, At { now, chance }, happening);
        if let State::Closed(outcome) = before {
            assert_eq!(
                (action, session.outcome(), session.deadline()),
                (Action::Nothing, Some(outcome), None)
            );
            continue;
        }
        model.note(before, happening, now);
        model.allows(action);
        assert_eq!(session.cursor(), model.cursor.as_deref(), "the cursor is the last one that came");
        assert_eq!(session.attempts(), model.connects);
        assert_eq!(session.outcome().is_some(), action == Action::Close);
        if let Some(outcome) = session.outcome() {
            model.is_true(outcome, happening);
        }
        if let Some(deadline) = session.deadline() {
            let mut later = session.clone();
            let action = later.handle(At { now: deadline.max(now), chance }, Input::Tick);
            assert!(action != Action::Nothing || later.deadline() != Some(deadline), "a tick for nothing");
        }
    }
}

impl Model {
    fn note(&mut self, before: State, happening: Happening, now: Duration) {
        match (before, happening) {
            (State::Open { .. }, Happening::Record { cursor }) => {
                (self.any_record, self.waits) = (true, 0);
                if let Some(cursor) = cursor {
                    self.cursor = name(cursor);
                }
            }
            (State::Open { .. }, Happening::Cursor(cursor)) => self.cursor = name(cursor),
            (State::Open { .. }, Happening::Retry(seconds)) => self.floor = Duration::from_secs(seconds),
            (
                State::Connecting,
                Happening::Head { status: 200, .. } | Happening::Broken(Failure::Head | Failure::Body),
            ) => {
                self.sent = true;
            }
            _ => {}
        }
        if let State::Open { since } = before
            && now - since >= CAP
        {
            self.waits = 0;
        }
    }

    fn allows(&mut self, action: Action) {
        match action {
            Action::Nothing => {}
            Action::Connect => {
                assert!(!self.request, "two requests at once");
                let by_cursor = self.any_record && self.cursor.is_some();
                match self.policy.resume {
                    Resume::Elsewhere if by_cursor => {}
                    Resume::Always if by_cursor && self.policy.repeatable => {}
                    _ => assert!(!self.sent || self.policy.idempotent, "sent twice"),
                }
                let elsewhere = self.policy.resume == Resume::Elsewhere && by_cursor;
                assert!(self.connects == 0 || self.policy.repeatable || elsewhere, "a body read twice");
                self.request = true;
                self.connects += 1;
            }
            Action::Wait(Retry { attempt, delay, reason, gap }) => {
                assert!(self.request, "nothing was under way");
                assert_eq!(attempt, self.connects + 1);
                assert!(
                    !gap || (self.any_record && self.policy.follow),
                    "a gap where nothing can be missing"
                );
                if reason == Reason::Kick {
                    assert_eq!(delay, Duration::ZERO);
                } else {
                    self.waits += 1;
                    assert!(
                        self.policy.follow || self.waits <= self.policy.retry_attempts,
                        "too many attempts"
                    );
                    assert!(delay >= self.floor && delay <= LONGEST_RETRY_AFTER.max(self.floor), "{delay:?}");
                }
                self.request = false;
            }
            Action::Stalled { silent } => {
                assert!(self.request && Some(silent) >= self.policy.stall_after);
            }
            Action::Close => self.request = false,
        }
    }

    /// No outcome without its cause.
    fn is_true(&self, outcome: Outcome, cause: Happening) {
        let clean = !self.policy.expects_marker;
        let may_be = match outcome {
            Outcome::Complete => matches!(cause, Happening::EndMarker),
            Outcome::Failed => matches!(cause, Happening::FailureMarker),
            Outcome::Ended => {
                clean
                    && matches!(
                        cause,
                        Happening::BodyEnd { inside_record: false } | Happening::Head { status: 204, .. }
                    )
            }
            Outcome::Truncated => {
                matches!(
                    cause,
                    Happening::BodyEnd { .. } | Happening::Broken(_) | Happening::Head { status: 204, .. }
                )
            }
            Outcome::Unreachable => {
                !self.any_record && matches!(cause, Happening::BodyEnd { .. } | Happening::Broken(_))
            }
            Outcome::Refused { .. } => matches!(cause, Happening::Head { .. }),
            Outcome::TimedOut(Limit::Connect) => matches!(cause, Happening::Broken(Failure::ConnectTimeout)),
            Outcome::TimedOut(Limit::Queue) => matches!(cause, Happening::QueueTimeout),
            Outcome::TimedOut(Limit::Total) => matches!(
                cause,
                Happening::Tick
                    | Happening::Wire
                    | Happening::BodyEnd { .. }
                    | Happening::Head { status: 200..=299, .. }
            ),
            Outcome::TimedOut(_) => matches!(cause, Happening::Tick),
            Outcome::Unreadable { .. } => matches!(cause, Happening::Unreadable),
            Outcome::Cancelled => matches!(cause, Happening::Cancel),
        };
        assert!(may_be, "{outcome:?} because of {cause:?}");
    }
}

/// 0 stands for the empty cursor.
fn name(cursor: u8) -> Option<String> {
    (cursor > 0).then(|| char::from(b'a' + cursor).into())
}

fn tell(session: &mut Session, at: At, happening: Happening) -> Action {
    let text;
    let input = match happening {
        Happening::Start => Input::Start,
        Happening::Head { status, acceptable, retry_after } => {
            Input::Head(head(status, acceptable, retry_after.map(Duration::from_secs)))
        }
        Happening::Wire => Input::Wire,
        Happening::Record { cursor } => {
            text = cursor.map(|cursor| name(cursor).unwrap_or_default());
            Input::Record { cursor: text.as_deref() }
        }
        Happening::Cursor(cursor) => {
            text = Some(name(cursor).unwrap_or_default());
            Input::Cursor(text.as_deref().unwrap_or_default())
        }
        Happening::Retry(seconds) => Input::Retry(Duration::from_secs(seconds)),
        Happening::EndMarker => Input::EndMarker,
        Happening::FailureMarker => Input::FailureMarker,
        Happening::BodyEnd { inside_record } => Input::BodyEnd { inside_record },
        Happening::Broken(failure) => Input::Broken(failure),
        Happening::Unreadable => Input::Unreadable { offset: 0, limit: None },
        Happening::Tick => Input::Tick,
        Happening::Pause => Input::Pause,
        Happening::Resume => Input::Resume,
        Happening::Kick => Input::Kick,
        Happening::QueueTimeout => Input::QueueTimeout,
        Happening::Cancel => Input::Cancel,
    };
    session.handle(at, input)
}
