//! Invariants of a session under any inputs in any order.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use proptest::collection;
use proptest::prelude::*;

use core::time::Duration;

use super::super::*;
use super::timeline::{head, text};

const LONGEST_SERVER_WAIT: Duration = Duration::from_secs(60);
const CAP: Duration = Duration::from_secs(30);

/// Something that happens: so many milliseconds later, this.
type Step = (u64, Happening, u32);

#[derive(Clone, Copy, Debug)]
enum Happening {
    Start,
    Sent,
    Head { status: u16, content_type: ContentType, retry_after: Option<u64>, relayed: bool },
    Wire,
    Record { cursor: Option<u8>, has_id: bool },
    Cursor(u8),
    RetryField(u64),
    Reply(ReplyState),
    EndMarker,
    FailureMarker,
    BodyEnd { inside_record: bool },
    Broken(Failure),
    RefreshFailed,
    Unreadable,
    Tick,
    Pause,
    Resume,
    Kick,
    Check { away: u64 },
    QueueTimeout,
    Cancel,
}

/// Mostly seconds, in which limits pass, and now and then the moment in which a check takes no byte for a sign of life.
fn pause() -> impl Strategy<Value = u64> {
    prop_oneof![3 => 0_u64..40_000, 1 => 0_u64..300]
}

fn happening() -> impl Strategy<Value = Happening> {
    use Happening::{
        BodyEnd, Broken, Cancel, Check, Cursor, EndMarker, FailureMarker, Head, Kick, Pause, QueueTimeout,
        Record, RefreshFailed, Reply, Resume, RetryField, Sent, Start, Tick, Unreadable, Wire,
    };
    let statuses = prop::sample::select(vec![200, 200, 200, 204, 301, 401, 404, 408, 429, 500, 503, 529]);
    let failures =
        [Failure::Connect, Failure::ConnectTimeout, Failure::Head, Failure::Body, Failure::Permanent];
    let content_types = prop::sample::select(vec![
        ContentType::Accepted,
        ContentType::Accepted,
        ContentType::Accepted,
        ContentType::Accepted,
        ContentType::Refused,
        ContentType::Missing,
    ]);
    let replies = [
        ReplyState::Open,
        ReplyState::MayComplete,
        ReplyState::MayEnd,
        ReplyState::Complete,
        ReplyState::Failed,
    ];
    prop_oneof![
        6 => Just(Start),
        6 => Just(Sent),
        6 => (statuses, content_types, prop::option::of(0_u64..70), prop::bool::weighted(0.2))
            .prop_map(|(status, content_type, retry_after, relayed)| Head { status, content_type, retry_after, relayed }),
        4 => Just(Wire),
        6 => (prop::option::of(0_u8..5), any::<bool>()).prop_map(|(cursor, has_id)| Record { cursor, has_id }),
        2 => (0_u8..5).prop_map(Cursor),
        1 => prop::sample::select(vec![0, 7, 50, 60, 61, 100_000, u64::MAX]).prop_map(RetryField),
        2 => prop::sample::select(replies.to_vec()).prop_map(Reply),
        1 => Just(RefreshFailed),
        1 => Just(EndMarker),
        1 => Just(FailureMarker),
        3 => any::<bool>().prop_map(|inside_record| BodyEnd { inside_record }),
        6 => prop::sample::select(failures.to_vec()).prop_map(Broken),
        1 => Just(Unreadable),
        12 => Just(Tick),
        2 => Just(Pause),
        2 => Just(Resume),
        2 => Just(Kick),
        2 => prop::sample::select(vec![0, 14, 600, u64::MAX]).prop_map(|away| Check { away }),
        1 => Just(QueueTimeout),
        1 => Just(Cancel),
    ]
}

fn policy() -> impl Strategy<Value = Policy> {
    let resume = prop::sample::select(vec![Resume::Auto, Resume::Always, Resume::Never, Resume::Elsewhere]);
    let limit = || prop::option::weighted(0.3, (1_u64..60).prop_map(Duration::from_secs));
    let limits = (limit(), limit(), limit(), limit(), limit());
    (any::<[bool; 6]>(), resume, 0_u32..5, 0_u64..5, limits).prop_map(
        |(
            [idempotent, repeatable, follow, expects_marker, reply, refresh],
            resume,
            retry_attempts,
            delay,
            limits,
        )| Policy {
            idempotent,
            repeatable,
            follow,
            resume,
            expects_marker,
            reply,
            refresh,
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
    fn hold(policy in policy(), stored in any::<bool>(), steps in collection::vec((pause(), happening(), any::<u32>()), 0..60)) {
        check(policy, stored.then_some("stored"), &steps);
    }
}

/// Predicts which actions a session may take, as far as that is possible without the table of reconnects.
struct Model {
    policy: Policy,
    /// A request is under way.
    request: bool,
    connects: u32,
    /// Requests that were handed to the transport.
    requests: u32,
    /// A relay keeps the response.
    relayed: bool,
    /// Ids of records of earlier attempts, and of this one.
    earlier: Vec<String>,
    present: Vec<String>,
    /// The expected `first` of the action for a record that arrived again.
    replayed: Option<bool>,
    reported: bool,
    refreshed: bool,
    /// The credentials must be renewed before the next request is sent.
    renews: bool,
    /// The next attempt renews the credentials, so it does not wait.
    at_once: bool,
    /// Waits since a record arrived or a body stayed open long enough.
    waits: u32,
    /// The request may have taken effect on the server.
    sent: bool,
    any_record: bool,
    cursor: Option<String>,
    floor: Duration,
}

fn check(policy: Policy, stored: Option<&str>, steps: &[Step]) {
    let mut session = Session::with_policy(&policy, stored);
    let mut model = Model {
        policy,
        request: false,
        connects: 0,
        requests: 0,
        relayed: false,
        earlier: Vec::new(),
        present: Vec::new(),
        replayed: None,
        reported: false,
        refreshed: false,
        renews: false,
        at_once: false,
        waits: 0,
        sent: false,
        any_record: false,
        cursor: stored.map(ToOwned::to_owned),
        floor: Duration::ZERO,
    };
    let mut now = Duration::ZERO;
    for &(later, happening, chance) in steps {
        now += Duration::from_millis(later);
        let before = *session.facts();
        let since = session.since;
        let action = feed(&mut session, At::new(now, chance), happening);
        if before.state == State::Closed {
            assert_eq!(
                (action, session.outcome(), session.deadline()),
                (Action::Nothing, before.outcome(), None)
            );
            continue;
        }
        model.note(before.state, duration(since), happening, now);
        model.allows(&action);
        assert_eq!(text(session.cursor()), model.cursor, "the cursor is the last one that came");
        assert_eq!(session.facts().attempts, model.requests);
        let over = session.outcome().is_some();
        // A clean end that is no break takes it back.
        assert!(over || model.relayed || !session.facts().at_relay);
        assert_eq!(session.outcome().is_some(), action == Action::Close);
        if let Some(outcome) = session.outcome() {
            model.is_true(outcome, happening);
        }
        if let Some(deadline) = session.deadline() {
            let mut later = session.clone();
            let action = later.handle(At::new(deadline.max(now), chance), Input::Tick);
            assert!(action != Action::Nothing || later.deadline() != Some(deadline), "a tick for nothing");
        }
    }
}

impl Model {
    fn note(&mut self, before: State, since: Duration, happening: Happening, now: Duration) {
        match (before, happening) {
            (State::Open, Happening::Record { cursor, has_id }) => {
                let id = cursor.and_then(name).filter(|_| has_id);
                if let Some(id) = &id
                    && self.earlier.contains(id)
                {
                    self.replayed = Some(!self.reported);
                    self.reported = true;
                    return;
                }
                (self.any_record, self.waits) = (true, 0);
                if let Some(cursor) = cursor {
                    self.move_cursor(name(cursor));
                }
                self.present.extend(id);
            }
            (State::Connecting, Happening::Sent) => {
                self.requests += 1;
                self.renews = false;
            }
            (State::Connecting, Happening::Head { status: 401, .. }) => {
                self.at_once =
                    self.policy.refresh && !self.refreshed && (self.policy.repeatable || self.relayed);
                self.refreshed |= self.at_once;
                self.renews |= self.at_once;
            }
            (State::Open, Happening::Cursor(cursor)) => self.move_cursor(name(cursor)),
            (State::Open, Happening::RetryField(seconds)) => {
                self.floor = Duration::from_secs(seconds);
            }
            (
                State::Connecting,
                Happening::Head { status: 200, content_type: ContentType::Accepted, relayed, .. },
            ) => {
                (self.sent, self.refreshed) = (true, false);
                self.relayed |= relayed && self.policy.resume != Resume::Never;
            }
            (
                State::Connecting,
                Happening::Head { status: 200, .. } | Happening::Broken(Failure::Head | Failure::Body),
            ) => {
                self.sent = true;
            }
            _ => {}
        }
        if before == State::Open && now - since >= CAP {
            self.waits = 0;
        }
    }

    /// Moves the cursor, but never back to an id of an earlier attempt.
    fn move_cursor(&mut self, cursor: Option<String>) {
        if !cursor.as_ref().is_some_and(|cursor| self.earlier.contains(cursor)) {
            self.cursor = cursor;
        }
    }

    fn allows(&mut self, action: &Action) {
        assert_eq!(
            self.replayed.take(),
            match action {
                Action::Replayed { first } => Some(*first),
                _ => None,
            }
        );
        match action {
            Action::Nothing | Action::Replayed { .. } => {}
            Action::Gap { .. } => panic!("no id here is ordered"),
            Action::Connect => {
                let present = core::mem::take(&mut self.present);
                self.earlier.extend(present);
                self.reported = false;
                assert!(!self.request, "two requests at once");
                let by_cursor = self.any_record && self.cursor.is_some();
                match self.policy.resume {
                    Resume::Elsewhere if by_cursor => {}
                    Resume::Always if by_cursor && self.policy.repeatable => {}
                    _ if self.relayed => {}
                    _ => assert!(!self.sent || self.policy.idempotent, "sent twice"),
                }
                let elsewhere = self.policy.resume == Resume::Elsewhere && by_cursor;
                assert!(
                    self.connects == 0 || self.policy.repeatable || elsewhere || self.relayed,
                    "a body read twice"
                );
                self.request = true;
                self.connects += 1;
            }
            &Action::Wait(Retry { attempt, delay, reason, gap, refresh, asked }) => {
                assert_eq!(asked, Some(self.floor).filter(|floor| *floor > LONGEST_SERVER_WAIT));
                assert_eq!(refresh, self.renews);
                assert!(self.request, "nothing was under way");
                assert_eq!(attempt, self.connects + 1);
                assert!(
                    !gap || (self.any_record && self.policy.follow),
                    "a gap where nothing can be missing"
                );
                if reason == Reason::Kick || core::mem::take(&mut self.at_once) {
                    assert_eq!(delay, Duration::ZERO);
                } else {
                    self.waits += 1;
                    assert!(
                        self.policy.follow || self.waits <= self.policy.retry_attempts,
                        "too many attempts"
                    );
                    assert!(delay >= self.floor.min(LONGEST_SERVER_WAIT), "{delay:?}");
                    assert!(delay <= LONGEST_SERVER_WAIT, "{delay:?}");
                }
                self.request = false;
            }
            &Action::Stalled { silent } => {
                assert!(self.request && Some(silent) >= self.policy.stall_after);
            }
            Action::Close => self.request = false,
        }
    }

    /// No outcome without its cause.
    fn is_true(&self, outcome: Outcome, cause: Happening) {
        let clean = !self.policy.expects_marker;
        // A marker before any part of a reply counts as the end of a body without a marker.
        let cause = match cause {
            Happening::EndMarker
                if self.policy.reply && !matches!(outcome, Outcome::Complete | Outcome::Ended) =>
            {
                Happening::BodyEnd { inside_record: false }
            }
            cause => cause,
        };
        let ends = |cause| matches!(cause, Happening::BodyEnd { .. } | Happening::Head { status: 204, .. });
        let may_be = match outcome {
            Outcome::Complete => {
                matches!(cause, Happening::EndMarker | Happening::Reply(ReplyState::Complete)) || ends(cause)
            }
            Outcome::Failed => {
                matches!(cause, Happening::FailureMarker | Happening::Reply(ReplyState::Failed))
            }
            Outcome::Ended => clean && ends(cause),
            Outcome::Truncated => {
                matches!(
                    cause,
                    Happening::BodyEnd { .. } | Happening::Broken(_) | Happening::Head { status: 204, .. }
                )
            }
            Outcome::Unreachable => {
                !self.any_record && matches!(cause, Happening::BodyEnd { .. } | Happening::Broken(_))
            }
            Outcome::Refused { .. } => {
                matches!(cause, Happening::Head { .. } | Happening::RefreshFailed | Happening::Wire)
            }
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

fn feed(session: &mut Session, at: At, happening: Happening) -> Action {
    let text;
    let input = match happening {
        Happening::Start => Input::Start,
        Happening::Sent => Input::Sent,
        Happening::Head { status, content_type, retry_after, relayed } => {
            let retry_after = retry_after.map(Duration::from_secs);
            Input::Head(Head { content_type, relayed, ..head(status, retry_after) })
        }
        Happening::Wire => Input::Wire,
        Happening::Record { cursor, has_id } => {
            text = cursor.map(|cursor| name(cursor).unwrap_or_default());
            let cursor = text.as_deref();
            Input::Record { cursor, id: cursor.filter(|cursor| has_id && !cursor.is_empty()) }
        }
        Happening::Cursor(cursor) => {
            text = Some(name(cursor).unwrap_or_default());
            Input::Cursor { cursor: text.as_deref().unwrap_or_default(), id: text.as_deref() }
        }
        Happening::RetryField(seconds) => Input::RetryField(Duration::from_secs(seconds)),
        Happening::Reply(state) => Input::Reply(state),
        Happening::RefreshFailed => Input::RefreshFailed,
        Happening::EndMarker => Input::EndMarker,
        Happening::FailureMarker => Input::FailureMarker,
        Happening::BodyEnd { inside_record } => Input::BodyEnd { inside_record },
        Happening::Broken(failure) => Input::Broken(failure),
        Happening::Unreadable => Input::Unreadable { offset: 0, limit: None },
        Happening::Tick => Input::Tick,
        Happening::Pause => Input::Pause,
        Happening::Resume => Input::Resume,
        Happening::Kick => Input::Kick,
        Happening::Check { away } => Input::Check { away: Duration::from_secs(away) },
        Happening::QueueTimeout => Input::QueueTimeout,
        Happening::Cancel => Input::Cancel,
    };
    session.handle(at, input)
}
