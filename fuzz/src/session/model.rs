//! A model of the session: the table of reconnects in ARCHITECTURE.md, row by row, and time limits counted in the simplest way.

use core::time::Duration;

use tidewire_core::session::{
    Action, ContentType, Failure, Head, Input, Limit, Outcome, Policy, Reason, Refusal, ReplyState, Resume,
};

use crate::ids::{Ids, Known};

const LONGEST_OWN_WAIT: Duration = Duration::from_secs(30);
const STOOD: Duration = Duration::from_secs(30);
/// The longest wait that a server can ask for.
const LONGEST_ASKED_WAIT: Duration = Duration::from_secs(60);

const TOO_LATE: Outcome = Outcome::TimedOut(Limit::Total);

/// The expected action.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    Nothing,
    Connect,
    Stalled,
    Gap(String),
    Replayed {
        first: bool,
    },
    Wait {
        reason: Reason,
        gap: bool,
        refresh: bool,
        asked: Option<Duration>,
        least: Duration,
        most: Duration,
    },
    Close(Outcome),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Idle,
    Connecting,
    Open {
        since: Duration,
    },
    /// Open, without a content type and without a byte so far.
    Untyped {
        status: u16,
    },
    Waiting {
        until: Duration,
    },
    Over(Outcome),
}

/// What a clean end of the body between records would mean now.
enum CleanEnd {
    Complete,
    Ended,
    /// The body would be cut off.
    Early,
}

/// When a limit passes, on the clock that runs while the consumer asks, and which one; `None` for the report of a stall.
type Passes = (Duration, Option<(Limit, Reason)>);

pub(super) struct Model {
    policy: Policy,
    place: Place,
    now: Duration,
    started: Duration,
    connects: u32,
    /// Requests that were handed to the transport.
    sent: u32,
    /// Failures in a row.
    failures: u32,
    /// The wait that `retry:` asked for.
    asked_wait: Duration,
    any_record: bool,
    first_cursor: Option<String>,
    cursor: Option<String>,
    ids: Ids,
    /// A repeated record was reported in this attempt.
    replay_reported: bool,
    /// Credentials were renewed since the last accepted response.
    refreshed: bool,
    /// Credentials have to be renewed before a request is sent.
    refreshing: bool,
    /// A relay keeps the response.
    relayed: bool,
    /// The body has no content type, and no byte so far.
    bare: bool,
    /// The last reply state of the dialect.
    said: Option<ReplyState>,
    asking: bool,
    /// How long the consumer has asked, and when, on that clock, the last bytes and the last record arrived.
    asked: Duration,
    heard: Duration,
    record: Duration,
    record_of_this_request: bool,
    stall_reported: bool,
}

impl Model {
    pub(super) fn new(policy: Policy, stored: Option<&str>) -> Self {
        Self {
            policy,
            place: Place::Idle,
            now: Duration::ZERO,
            started: Duration::ZERO,
            connects: 0,
            sent: 0,
            failures: 0,
            asked_wait: Duration::ZERO,
            any_record: false,
            first_cursor: stored.map(str::to_owned),
            cursor: stored.map(str::to_owned),
            ids: Ids::after(stored),
            replay_reported: false,
            refreshed: false,
            refreshing: false,
            relayed: false,
            bare: false,
            said: None,
            asking: true,
            asked: Duration::ZERO,
            heard: Duration::ZERO,
            record: Duration::ZERO,
            record_of_this_request: false,
            stall_reported: false,
        }
    }

    /// Time passes.
    pub(super) fn pass(&mut self, later: Duration) {
        self.now += later;
        if self.asking {
            self.asked += later;
        }
    }

    /// The expected action. The length of a wait is taken from the session.
    pub(super) fn answer(&mut self, input: Input<'_>, said: &Action) -> Answer {
        let answer = self.decide(input);
        match (&answer, said) {
            (Answer::Connect, _) => {
                self.place = Place::Connecting;
                self.connects += 1;
                self.ids.next_attempt();
                self.replay_reported = false;
                self.heard = self.asked;
                self.record = self.asked;
                (self.record_of_this_request, self.stall_reported) = (false, false);
            }
            (Answer::Wait { .. }, Action::Wait(retry)) => {
                self.place = Place::Waiting { until: self.now + retry.delay }
            }
            (Answer::Close(outcome), _) => self.place = Place::Over(*outcome),
            (Answer::Stalled, _) => self.stall_reported = true,
            _ => {}
        }
        answer
    }

    fn decide(&mut self, input: Input<'_>) -> Answer {
        let listening = matches!(self.place, Place::Connecting | Place::Open { .. } | Place::Untyped { .. });
        match (self.place, input) {
            (Place::Over(_), _) => return Answer::Nothing,
            (_, Input::Cancel) => return Answer::Close(Outcome::Cancelled),
            (_, Input::Pause) => self.asking = false,
            (_, Input::Resume) => self.asking = true,
            (Place::Idle, Input::Start) => {
                self.started = self.now;
                return Answer::Connect;
            }
            (Place::Idle | Place::Connecting, Input::QueueTimeout) => {
                return Answer::Close(Outcome::TimedOut(Limit::Queue));
            }
            (Place::Waiting { .. }, Input::Kick) => self.place = Place::Waiting { until: self.now },
            (Place::Waiting { until }, Input::Tick) => {
                if self.too_late() {
                    return Answer::Close(TOO_LATE);
                }
                if self.now >= until {
                    return Answer::Connect;
                }
            }
            (_, Input::Tick) if listening => return self.tick(),
            (_, Input::Kick) if listening => return self.kick(),
            (Place::Connecting, Input::Sent) => {
                self.sent += 1;
                self.refreshing = false;
            }
            (Place::Connecting, Input::Head(head)) => return self.head(head),
            (Place::Connecting, Input::Broken(failure)) => return self.no_head(failure),
            (Place::Connecting, Input::RefreshFailed) => {
                return Answer::Close(Outcome::Refused { status: 401, why: Refusal::Status });
            }
            (
                Place::Open { .. } | Place::Untyped { .. },
                Input::Activity | Input::Wire | Input::BodyEnd { .. },
            ) if self.too_late() => return Answer::Close(TOO_LATE),
            (Place::Open { .. } | Place::Untyped { .. }, Input::Activity) => self.hear(),
            (Place::Open { .. } | Place::Untyped { .. }, Input::Broken(_)) => {
                return self.broken(Reason::Body, None);
            }
            (Place::Open { .. } | Place::Untyped { .. }, Input::Unreadable { offset, limit }) => {
                return Answer::Close(Outcome::Unreadable { offset, limit });
            }
            (Place::Untyped { status }, Input::Wire) => {
                return Answer::Close(Outcome::Refused { status, why: Refusal::ContentType });
            }
            (Place::Untyped { .. }, Input::BodyEnd { .. }) => return self.no_content(),
            (Place::Open { .. }, input) => return self.in_body(input),
            (Place::Idle | Place::Connecting | Place::Untyped { .. } | Place::Waiting { .. }, _) => {}
        }
        Answer::Nothing
    }

    fn in_body(&mut self, input: Input<'_>) -> Answer {
        match input {
            Input::Wire => {
                self.bare = false;
                self.hear();
            }
            Input::Record { cursor, id } => return self.take_record(cursor, id),
            Input::Cursor { cursor, id } => {
                self.move_cursor(cursor);
                if let Some(after) = id.and_then(|id| self.ids.mention(id)) {
                    return Answer::Gap(after);
                }
            }
            Input::CursorLost => {
                if self.any_record && !self.policy.follow {
                    return Answer::Close(Outcome::Truncated);
                }
                self.starts_over();
            }
            Input::RetryField(wait) => self.asked_wait = wait,
            // A marker before any part of a reply counts as the end of a body without a marker.
            Input::EndMarker if self.misses() => {
                return if self.bare { self.no_content() } else { self.broken(Reason::End, None) };
            }
            Input::Reply(ReplyState::Complete) | Input::EndMarker => return Answer::Close(Outcome::Complete),
            Input::Reply(ReplyState::Failed) | Input::FailureMarker => return Answer::Close(Outcome::Failed),
            Input::Reply(state) => self.said = Some(state),
            Input::BodyEnd { .. } if self.bare => return self.no_content(),
            Input::BodyEnd { inside_record } => match self.clean_end() {
                CleanEnd::Complete if !inside_record => return Answer::Close(Outcome::Complete),
                CleanEnd::Ended if !inside_record => {
                    self.note_standing();
                    // The response at the relay has ended; a subscription continues with the caller's own request.
                    self.relayed = false;
                    if self.policy.follow && self.counts_as_idempotent() {
                        return self.wait(Reason::End, false, Duration::ZERO);
                    }
                    return Answer::Close(Outcome::Ended);
                }
                CleanEnd::Complete | CleanEnd::Ended | CleanEnd::Early => {
                    return self.broken(Reason::End, None);
                }
            },
            _ => {}
        }
        Answer::Nothing
    }

    /// A repeated record changes nothing, except that it is reported.
    fn take_record(&mut self, cursor: Option<&str>, id: Option<&str>) -> Answer {
        match id.map(|id| self.ids.compare(id)) {
            Some(Known::Delivered) => {
                return Answer::Replayed { first: !std::mem::replace(&mut self.replay_reported, true) };
            }
            Some(Known::Old) => return Answer::Nothing,
            None if self.ids.repeats() => return Answer::Nothing,
            Some(Known::New) | None => {}
        }
        (self.any_record, self.record_of_this_request) = (true, true);
        (self.record, self.failures) = (self.asked, 0);
        let missing = match (id, cursor) {
            (Some(id), _) => self.ids.deliver(id),
            (None, Some("")) => {
                self.ids.lose_count();
                None
            }
            (None, _) => None,
        };
        match (id, cursor) {
            (_, None) => {}
            (Some(_), Some(cursor)) => self.set_cursor(cursor),
            (None, Some(cursor)) => self.move_cursor(cursor),
        }
        missing.map_or(Answer::Nothing, Answer::Gap)
    }

    fn head(&mut self, head: Head) -> Answer {
        self.hear();
        if self.request_cursor().is_none() {
            self.starts_over();
        }
        let refused = |why| Answer::Close(Outcome::Refused { status: head.status, why });
        match head.status {
            200..=299 if self.too_late() => Answer::Close(TOO_LATE),
            204 => self.no_content(),
            200..=299 => match head.content_type {
                ContentType::Accepted | ContentType::Assumed => {
                    self.bare = head.content_type == ContentType::Assumed;
                    self.place = Place::Open { since: self.now };
                    self.refreshed = false;
                    self.relayed |= head.relayed && self.policy.resume != Resume::Never;
                    Answer::Nothing
                }
                ContentType::Refused => refused(Refusal::ContentType),
                ContentType::Missing => {
                    self.place = Place::Untyped { status: head.status };
                    Answer::Nothing
                }
            },
            401 if self.policy.refresh
                && !self.refreshed
                && (self.policy.repeatable || self.continues_at_relay()) =>
            {
                (self.refreshed, self.refreshing) = (true, true);
                self.at_once(Reason::Status, false)
            }
            408 | 425 | 429 | 500 | 502 | 503 | 504 | 529 => {
                let retry_after = head.retry_after;
                if let Some(wait) = retry_after
                    && (wait > LONGEST_ASKED_WAIT || self.rest().is_some_and(|rest| wait > rest))
                {
                    return refused(Refusal::RetryAfter(wait));
                }
                let asked_to =
                    matches!(head.status, 429 | 503 | 529) && retry_after.is_some() && self.policy.repeatable;
                if (self.counts_as_idempotent() || asked_to) && !self.spent() {
                    return self.wait(Reason::Status, false, retry_after.unwrap_or_default());
                }
                refused(Refusal::Status)
            }
            _ => refused(Refusal::Status),
        }
    }

    /// A 204, or an empty body without a content type.
    fn no_content(&self) -> Answer {
        Answer::Close(match self.clean_end() {
            CleanEnd::Complete => Outcome::Complete,
            CleanEnd::Ended => Outcome::Ended,
            CleanEnd::Early => Outcome::Truncated,
        })
    }

    fn misses(&self) -> bool {
        self.said == Some(ReplyState::Nothing) || (self.said.is_none() && self.policy.reply)
    }

    fn clean_end(&self) -> CleanEnd {
        let Policy { expects_marker, reply, .. } = self.policy;
        match self.said {
            Some(ReplyState::MayComplete) => CleanEnd::Complete,
            Some(ReplyState::MayEnd) if !expects_marker => CleanEnd::Ended,
            None if !expects_marker && !reply => CleanEnd::Ended,
            _ => CleanEnd::Early,
        }
    }

    /// The reply starts over, so it is not complete any more.
    fn starts_over(&mut self) {
        if self.said == Some(ReplyState::MayComplete) {
            self.said = Some(ReplyState::Open);
        }
    }

    fn no_head(&mut self, failure: Failure) -> Answer {
        let limit = match failure {
            Failure::Permanent => return Answer::Close(self.cut_off()),
            Failure::Connect => None,
            Failure::ConnectTimeout => Some(Limit::Connect),
            _ => return self.broken(Reason::Head, None),
        };
        // Nothing was sent.
        if (self.policy.repeatable || self.counts_as_idempotent()) && !self.spent() {
            return self.wait(Reason::Connect, false, Duration::ZERO);
        }
        Answer::Close(limit.map_or_else(|| self.cut_off(), Outcome::TimedOut))
    }

    fn broken(&mut self, reason: Reason, limit: Option<Limit>) -> Answer {
        self.note_standing();
        let before_head = self.place == Place::Connecting;
        let first = before_head || !self.any_record;
        let resumes = self.cursor.is_some() && self.may_resume();
        let again = match (first, resumes) {
            (true, _) => self.counts_as_idempotent(),
            (false, true) => true,
            (false, false) => self.policy.follow && self.counts_as_idempotent(),
        };
        if again && !self.spent() {
            return self.wait(reason, !first && !resumes, Duration::ZERO);
        }
        Answer::Close(match limit {
            Some(limit) => Outcome::TimedOut(limit),
            None if again || before_head => self.cut_off(),
            None => Outcome::Truncated,
        })
    }

    fn tick(&mut self) -> Answer {
        if self.too_late() {
            return Answer::Close(TOO_LATE);
        }
        // The first limit that passed counts; of two at the same time, the one that is listed first.
        let passed =
            self.limits().into_iter().flatten().filter(|(point, _)| *point <= self.asked && self.asking);
        match passed.min_by_key(|(point, _)| *point) {
            None => Answer::Nothing,
            Some((_, None)) => Answer::Stalled,
            Some((_, Some((limit, reason)))) => self.broken(reason, Some(limit)),
        }
    }

    /// The limits in the order of the table; the report of a stall comes last.
    fn limits(&self) -> [Option<Passes>; 4] {
        let Policy { idle_timeout, first_event_timeout, progress_timeout, stall_after, .. } = self.policy;
        let first = first_event_timeout.filter(|_| !self.record_of_this_request);
        let stall = stall_after.filter(|_| !self.stall_reported);
        [
            idle_timeout.map(|limit| (self.heard + limit, Some((Limit::Idle, Reason::Idle)))),
            first.map(|limit| (self.record + limit, Some((Limit::FirstEvent, Reason::FirstEvent)))),
            progress_timeout.map(|limit| (self.record + limit, Some((Limit::Progress, Reason::Progress)))),
            stall.map(|limit| (self.heard + limit, None)),
        ]
    }

    fn kick(&mut self) -> Answer {
        let resumes = self.any_record && self.cursor.is_some() && self.may_resume();
        let gap = self.any_record && !resumes;
        if resumes || (self.counts_as_idempotent() && (self.policy.follow || !gap)) {
            return self.at_once(Reason::Kick, gap);
        }
        Answer::Nothing
    }

    fn at_once(&self, reason: Reason, gap: bool) -> Answer {
        let (refresh, asked) = (self.refreshing, self.asked_beyond());
        Answer::Wait { reason, gap, refresh, asked, least: Duration::ZERO, most: Duration::ZERO }
    }

    fn wait(&mut self, reason: Reason, gap: bool, retry_after: Duration) -> Answer {
        if self.spent() {
            // Only a clean end gets here when the attempts are used up.
            return Answer::Close(Outcome::Ended);
        }
        let least = self.asked_wait.min(LONGEST_ASKED_WAIT).max(retry_after);
        let own = self.policy.retry_delay.saturating_mul(1 << self.failures.min(20)).min(LONGEST_OWN_WAIT);
        self.failures += 1;
        let asked = self.asked_beyond();
        Answer::Wait { reason, gap, refresh: self.refreshing, asked, least, most: own.max(least) }
    }

    /// The wait that `retry:` asked for, if it was longer than what is honoured.
    fn asked_beyond(&self) -> Option<Duration> {
        Some(self.asked_wait).filter(|wait| *wait > LONGEST_ASKED_WAIT)
    }

    pub(super) fn deadline(&self, now: Duration) -> Option<Duration> {
        let total = self.rest().map(|rest| now + rest);
        let own = match self.place {
            Place::Idle | Place::Over(_) => return None,
            Place::Waiting { until } => Some(until),
            Place::Connecting | Place::Open { .. } | Place::Untyped { .. } => {
                let points =
                    self.limits().into_iter().flatten().map(|(point, _)| point).filter(|_| self.asking);
                points.min().map(|point| now + point.saturating_sub(self.asked))
            }
        };
        [own, total].into_iter().flatten().min()
    }

    pub(super) fn silence(&self) -> Duration {
        self.asked - self.heard
    }

    pub(super) const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Attempts that were begun.
    pub(super) const fn connects(&self) -> u32 {
        self.connects
    }

    pub(super) const fn attempts(&self) -> u32 {
        self.sent
    }

    pub(super) const fn continues_at_relay(&self) -> bool {
        self.relayed
    }

    pub(super) const fn outcome(&self) -> Option<Outcome> {
        match self.place {
            Place::Over(outcome) => Some(outcome),
            _ => None,
        }
    }

    pub(super) fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// The cursor, if resuming is allowed; otherwise the caller's own, unless records have arrived, which it would repeat.
    pub(super) fn request_cursor(&self) -> Option<&str> {
        let own = self.first_cursor.as_deref().filter(|_| !self.any_record);
        if self.may_resume() { self.cursor() } else { own }
    }

    fn hear(&mut self) {
        (self.heard, self.stall_reported) = (self.asked, false);
    }

    fn set_cursor(&mut self, cursor: &str) {
        self.cursor = Some(cursor).filter(|cursor| !cursor.is_empty()).map(str::to_owned);
    }

    /// The same for a cursor that is not a new record's own id. It does not move back.
    fn move_cursor(&mut self, cursor: &str) {
        if !self.ids.is_known(cursor) {
            self.set_cursor(cursor);
        }
    }

    fn spent(&self) -> bool {
        !self.policy.follow && self.failures >= self.policy.retry_attempts
    }

    /// A body that can be read only once is never sent twice.
    const fn idempotent(&self) -> bool {
        self.policy.idempotent && self.policy.repeatable
    }

    const fn may_resume(&self) -> bool {
        match self.policy.resume {
            Resume::Never => false,
            Resume::Elsewhere => true,
            // The request is a GET at the relay.
            _ if self.relayed => true,
            Resume::Always => self.policy.repeatable,
            _ => self.idempotent(),
        }
    }

    fn resumes_by_word(&self) -> bool {
        let by_word = matches!(self.policy.resume, Resume::Always | Resume::Elsewhere) && self.may_resume();
        by_word && self.any_record && self.cursor.is_some()
    }

    fn counts_as_idempotent(&self) -> bool {
        self.idempotent() || self.relayed || self.resumes_by_word()
    }

    const fn cut_off(&self) -> Outcome {
        if self.any_record { Outcome::Truncated } else { Outcome::Unreachable }
    }

    fn note_standing(&mut self) {
        if matches!(self.place, Place::Open { since } if self.now - since >= STOOD) {
            self.failures = 0;
        }
    }

    fn too_late(&self) -> bool {
        self.rest().is_some_and(|rest| rest.is_zero())
    }

    fn rest(&self) -> Option<Duration> {
        self.policy.timeout.map(|timeout| (self.started + timeout).saturating_sub(self.now))
    }
}
