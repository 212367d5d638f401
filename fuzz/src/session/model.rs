//! What a session should do: the table of reconnects in ARCHITECTURE.md, row by row, and limits of time counted in the simplest
//! way.

use core::time::Duration;

use tidewire_core::session::{Action, Failure, Limit, Outcome, Policy, Reason, Refusal, Resume};

use super::life::{Cursor, Happening};

const LONGEST_WAIT: Duration = Duration::from_secs(30);
const STOOD: Duration = Duration::from_secs(30);
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60);

const TOO_LATE: Outcome = Outcome::TimedOut(Limit::Total);

/// What should be answered.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    Nothing,
    Connect,
    Stalled,
    Wait { reason: Reason, gap: bool, least: Duration, most: Duration },
    Close(Outcome),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Idle,
    Connecting,
    Open { since: Duration },
    Waiting { until: Duration },
    Over(Outcome),
}

/// When on the clock of asking a limit passes, and what that is called; a report of a stall is called nothing.
type Passes = (Duration, Option<(Limit, Reason)>);

pub(super) struct Model {
    policy: Policy,
    place: Place,
    now: Duration,
    started: Duration,
    attempts: u32,
    /// Waits in a row.
    failures: u32,
    /// The server's `retry:`.
    floor: Duration,
    any_record: bool,
    first_cursor: Option<&'static str>,
    cursor: Option<&'static str>,
    asking: bool,
    /// How long the consumer has asked, and when on that clock something was heard, and a record.
    asked: Duration,
    heard: Duration,
    record: Duration,
    record_of_this_request: bool,
    stall_told: bool,
}

impl Model {
    pub(super) const fn new(policy: Policy, stored: Option<&'static str>) -> Self {
        Self {
            policy,
            place: Place::Idle,
            now: Duration::ZERO,
            started: Duration::ZERO,
            attempts: 0,
            failures: 0,
            floor: Duration::ZERO,
            any_record: false,
            first_cursor: stored,
            cursor: stored,
            asking: true,
            asked: Duration::ZERO,
            heard: Duration::ZERO,
            record: Duration::ZERO,
            record_of_this_request: false,
            stall_told: false,
        }
    }

    /// Time goes by.
    pub(super) fn pass(&mut self, later: Duration) {
        self.now += later;
        if self.asking {
            self.asked += later;
        }
    }

    /// What should be answered; how long a wait is, is the session's to say.
    pub(super) fn answer(&mut self, happening: Happening, said: &Action) -> Answer {
        let answer = self.decide(happening);
        match (answer, said) {
            (Answer::Connect, _) => {
                self.place = Place::Connecting;
                self.attempts += 1;
                self.heard = self.asked;
                self.record = self.asked;
                (self.record_of_this_request, self.stall_told) = (false, false);
            }
            (Answer::Wait { .. }, Action::Wait(again)) => {
                self.place = Place::Waiting { until: self.now + again.delay }
            }
            (Answer::Close(outcome), _) => self.place = Place::Over(outcome),
            (Answer::Stalled, _) => self.stall_told = true,
            (Answer::Wait { .. } | Answer::Nothing, _) => {}
        }
        answer
    }

    fn decide(&mut self, happening: Happening) -> Answer {
        let listening = matches!(self.place, Place::Connecting | Place::Open { .. });
        match (self.place, happening) {
            (Place::Over(_), _) => return Answer::Nothing,
            (_, Happening::Cancel) => return Answer::Close(Outcome::Cancelled),
            (_, Happening::Pause) => self.asking = false,
            (_, Happening::Resume) => self.asking = true,
            (Place::Idle, Happening::Start) => {
                self.started = self.now;
                return Answer::Connect;
            }
            (Place::Idle | Place::Connecting, Happening::QueueTimeout) => {
                return Answer::Close(Outcome::TimedOut(Limit::Queue));
            }
            (Place::Waiting { .. }, Happening::Kick) => self.place = Place::Waiting { until: self.now },
            (Place::Waiting { until }, Happening::Tick) => {
                if self.too_late() {
                    return Answer::Close(TOO_LATE);
                }
                if self.now >= until {
                    return Answer::Connect;
                }
            }
            (_, Happening::Tick) if listening => return self.tick(),
            (_, Happening::Kick) if listening => return self.kick(),
            (Place::Connecting, Happening::Head { status, acceptable, retry_after }) => {
                return self.head(
                    status,
                    acceptable,
                    retry_after.map(|seconds| Duration::from_secs(seconds.into())),
                );
            }
            (Place::Connecting, Happening::Broken(failure)) => return self.no_head(failure),
            (Place::Open { .. }, happening) => return self.in_body(happening),
            (Place::Idle | Place::Connecting | Place::Waiting { .. }, _) => {}
        }
        Answer::Nothing
    }

    fn in_body(&mut self, happening: Happening) -> Answer {
        match happening {
            Happening::Wire | Happening::BodyEnd { .. } if self.too_late() => return Answer::Close(TOO_LATE),
            Happening::Wire => self.hear(),
            Happening::Record { cursor } => {
                (self.any_record, self.record_of_this_request) = (true, true);
                (self.record, self.failures) = (self.asked, 0);
                if let Some(cursor) = cursor {
                    self.set_cursor(cursor);
                }
            }
            Happening::Cursor(cursor) => self.set_cursor(cursor),
            Happening::Retry(tenths) => self.floor = Duration::from_millis(100) * tenths.into(),
            Happening::EndMarker => return Answer::Close(Outcome::Complete),
            Happening::FailureMarker => return Answer::Close(Outcome::Failed),
            Happening::Unreadable => return Answer::Close(Outcome::Unreadable { offset: 7, limit: None }),
            Happening::Broken(_) => return self.broken(Reason::Body, None),
            Happening::BodyEnd { inside_record } if inside_record || self.policy.expects_marker => {
                return self.broken(Reason::End, None);
            }
            Happening::BodyEnd { .. } => {
                self.note_standing();
                if self.policy.follow && self.counts_as_idempotent() {
                    return self.wait(Reason::End, false, Duration::ZERO);
                }
                return Answer::Close(Outcome::Ended);
            }
            _ => {}
        }
        Answer::Nothing
    }

    fn head(&mut self, status: u16, acceptable: bool, retry_after: Option<Duration>) -> Answer {
        self.hear();
        let refused = |why| Answer::Close(Outcome::Refused { status, why });
        match status {
            200..=299 if self.too_late() => Answer::Close(TOO_LATE),
            204 if self.policy.expects_marker => Answer::Close(Outcome::Truncated),
            204 => Answer::Close(Outcome::Ended),
            200..=299 if acceptable => {
                self.place = Place::Open { since: self.now };
                Answer::Nothing
            }
            200..=299 => refused(Refusal::ContentType),
            408 | 425 | 429 | 500 | 502 | 503 | 504 | 529 => {
                if let Some(wait) = retry_after
                    && (wait > LONGEST_RETRY_AFTER || self.rest().is_some_and(|rest| wait > rest))
                {
                    return refused(Refusal::RetryAfter(wait));
                }
                let asked_to =
                    matches!(status, 429 | 503 | 529) && retry_after.is_some() && self.policy.repeatable;
                if (self.counts_as_idempotent() || asked_to) && !self.spent() {
                    return self.wait(Reason::Status, false, retry_after.unwrap_or_default());
                }
                refused(Refusal::Status)
            }
            _ => refused(Refusal::Status),
        }
    }

    fn no_head(&mut self, failure: Failure) -> Answer {
        let limit = match failure {
            Failure::Connect => None,
            Failure::ConnectTimeout => Some(Limit::Connect),
            _ => return self.broken(Reason::Head, None),
        };
        // It was never sent.
        if (self.policy.repeatable || self.resumes_by_word()) && !self.spent() {
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
        // What passed first counts; of two at the same time the one that is named first.
        let passed =
            self.limits().into_iter().flatten().filter(|(point, _)| *point <= self.asked && self.asking);
        match passed.min_by_key(|(point, _)| *point) {
            None => Answer::Nothing,
            Some((_, None)) => Answer::Stalled,
            Some((_, Some((limit, reason)))) => self.broken(reason, Some(limit)),
        }
    }

    /// In the order of the table; the last is the report of a stall.
    fn limits(&self) -> [Option<Passes>; 4] {
        let Policy { idle_timeout, first_event_timeout, progress_timeout, stall_after, .. } = self.policy;
        let first = first_event_timeout.filter(|_| !self.record_of_this_request);
        let stall = stall_after.filter(|_| !self.stall_told);
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
            return Answer::Wait { reason: Reason::Kick, gap, least: Duration::ZERO, most: Duration::ZERO };
        }
        Answer::Nothing
    }

    fn wait(&mut self, reason: Reason, gap: bool, retry_after: Duration) -> Answer {
        if self.spent() {
            // Only a clean end comes here with the attempts spent.
            return Answer::Close(Outcome::Ended);
        }
        let least = self.floor.max(retry_after);
        let own = self.policy.retry_delay.saturating_mul(1 << self.failures.min(20)).min(LONGEST_WAIT);
        self.failures += 1;
        Answer::Wait { reason, gap, least, most: own.max(least) }
    }

    pub(super) fn deadline(&self, now: Duration) -> Option<Duration> {
        let total = self.rest().map(|rest| now + rest);
        let own = match self.place {
            Place::Idle | Place::Over(_) => return None,
            Place::Waiting { until } => Some(until),
            Place::Connecting | Place::Open { .. } => {
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

    pub(super) const fn attempts(&self) -> u32 {
        self.attempts
    }

    pub(super) const fn outcome(&self) -> Option<Outcome> {
        match self.place {
            Place::Over(outcome) => Some(outcome),
            _ => None,
        }
    }

    pub(super) const fn cursor(&self) -> Option<&'static str> {
        self.cursor
    }

    /// Behind the cursor where that is allowed; else as the caller began it, but for records that would come twice.
    pub(super) fn request_cursor(&self) -> Option<&'static str> {
        if self.may_resume() { self.cursor } else { self.first_cursor.filter(|_| !self.any_record) }
    }

    fn hear(&mut self) {
        (self.heard, self.stall_told) = (self.asked, false);
    }

    fn set_cursor(&mut self, cursor: Cursor) {
        self.cursor = Some(cursor.text()).filter(|text| !text.is_empty());
    }

    fn spent(&self) -> bool {
        !self.policy.follow && self.failures >= self.policy.retry_attempts
    }

    /// A body that can be read only once is never sent twice.
    const fn idempotent(&self) -> bool {
        self.policy.idempotent && self.policy.repeatable
    }

    fn may_resume(&self) -> bool {
        match self.policy.resume {
            Resume::Auto => self.idempotent(),
            Resume::Always => self.policy.repeatable,
            Resume::Elsewhere => true,
            _ => false,
        }
    }

    fn resumes_by_word(&self) -> bool {
        let by_word = matches!(self.policy.resume, Resume::Always | Resume::Elsewhere) && self.may_resume();
        by_word && self.any_record && self.cursor.is_some()
    }

    fn counts_as_idempotent(&self) -> bool {
        self.idempotent() || self.resumes_by_word()
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
