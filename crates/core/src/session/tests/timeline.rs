//! Plays a timeline with a hand-turned clock.
//!
//! A timeline has one column a second. `.` is a second in which nothing happens, `{30}` are thirty of them, `[x gap]` are several
//! things in one second. Inputs are in lower case, actions in upper case:
//!
//! | in | | in | | out | |
//! |---|---|---|---|---|---|
//! | `o` | a head that opens | `$` | clean end | `C` | connects |
//! | `503` | a head with this status | `%` | clean end inside a record | `C:7` | connects with this cursor |
//! | `503+7` | the same with `Retry-After` | `!` | end marker | `S` | reports a stall |
//! | `html` | a wrong content type | `f` | failure marker | `I` | idle limit passed |
//! | `bare` `sniff` | no content type; the same, and the format is assumed | `u` | unreadable | `P` | progress limit passed |
//! | `relay` | a head that opens, and a relay keeps the response | `x` | broke | `F` | first-event limit passed |
//! | `e` | a record with a new id: 1, 2, … | `n` | no connection | `T` | total limit passed |
//! | `e2` | a record with this id | `never` | a permanent failure | `GAP` | reports a possible gap |
//! | `h2` | a record that inherits this id | | | | |
//! | `r` | a record without cursor and id | `t` | connect limit passed | `R` | reports a record that arrived again |
//! | `0` | a record with an empty cursor | `p` `q` | pause, resume | `D` | the record arrived again, already reported |
//! | `i` `i2` | an id without a record | `k` `z` | kick, cancel | `@` | connects to the relay (after its `C`) |
//! | `w` `a` | bytes, no record; bytes that decode to nothing | `unfresh` | the refresh failed | `L` | wants the credentials renewed |
//! | `check` `woke` | the program is back, and was away for ten minutes | | | | |
//! | `retry=5` | a wait asked for | `open` `may` `end` | the dialect's reply state | `Q` | reports that `retry:` asked for more than a minute |
//! | `lost` | the response was requested without its cursor | `done` `bad` | the same: complete, failed | | |
//!
//! The first `C` starts the session. The random number is always one half, so the waits are 1, 2, 4, 8, 15, 15 … seconds.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;
use std::println;

use super::super::*;

const A_CHECK: Input<'_> = Input::Check { away: Duration::from_secs(600) };
/// Half of the way from zero to the bound of a wait.
const EVEN: u32 = 1 << 31;

/// Plays the timeline with ticks at every second and with ticks at the deadlines alone, from two origins of time, alone and
/// among inputs that the current state ignores.
pub(super) fn holds(name: &str, policy: &str, line: &str, outcome: &str) -> bool {
    for clock in [Clock::EverySecond, Clock::Deadlines, Clock::FromLater] {
        for noise in [false, true] {
            let played = Play::new(policy, clock, noise).run(line);
            if played.line != columns(line) || played.outcome() != outcome {
                println!("{name} ({policy}), {clock:?}, noise: {noise}");
                println!("  want {} {outcome}", shown(&columns(line)));
                println!("  have {} {}", shown(&played.line), played.outcome());
                return false;
            }
        }
    }
    true
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Clock {
    EverySecond,
    Deadlines,
    /// Deadlines, and the clock does not begin at zero.
    FromLater,
}

pub(super) struct Play {
    pub(super) session: Session,
    clock: Clock,
    noise: bool,
    pub(super) now: Duration,
    started: bool,
    records: u32,
    /// What happened, column by column.
    line: Vec<Vec<String>>,
}

impl Play {
    pub(super) fn new(words: &str, clock: Clock, noise: bool) -> Self {
        let mut policy = Policy {
            retry_delay: Duration::from_secs(2),
            idle_timeout: None,
            stall_after: None,
            ..Policy::default()
        };
        let mut cursor = None;
        for word in words.split(' ') {
            let (word, value) = word.split_once('=').unwrap_or((word, ""));
            let seconds = || Some(Duration::from_secs(value.parse().unwrap()));
            match word {
                "get" => policy.idempotent = true,
                "post" => policy.idempotent = false,
                "once" => policy.repeatable = false,
                "follow" => policy.follow = true,
                "marker" => policy.expects_marker = true,
                "reply" => policy.reply = true,
                "refresh" => policy.refresh = true,
                "always" => policy.resume = Resume::Always,
                "never" => policy.resume = Resume::Never,
                "elsewhere" => policy.resume = Resume::Elsewhere,
                "from" => cursor = Some(value),
                "retries" => policy.retry_attempts = value.parse().unwrap(),
                "delay" => policy.retry_delay = seconds().unwrap(),
                "first" => policy.first_event_timeout = seconds(),
                "idle" => policy.idle_timeout = seconds(),
                "progress" => policy.progress_timeout = seconds(),
                "total" => policy.timeout = seconds(),
                "stall" => policy.stall_after = seconds(),
                other => panic!("no such policy: {other}"),
            }
        }
        let now = if clock == Clock::FromLater { Duration::from_secs(1_000_000) } else { Duration::ZERO };
        let session = Session::with_policy(&policy, cursor);
        Self { session, clock, noise, now, started: false, records: 0, line: Vec::new() }
    }

    pub(super) fn run(mut self, line: &str) -> Self {
        for column in columns(line) {
            if self.session.outcome().is_some() {
                break;
            }
            self.line.push(Vec::new());
            self.ticks();
            for word in column {
                if word.starts_with('C') && !self.started {
                    self.started = true;
                    let action = self.handle(Input::Start);
                    self.note(action);
                } else if word.chars().all(|c| !c.is_ascii_uppercase() && c != '@') {
                    self.line.last_mut().unwrap().push(word.clone());
                    self.input(&word);
                    self.ticks();
                }
                if self.noise {
                    self.make_noise();
                }
            }
            self.now += Duration::from_secs(1);
        }
        self.now -= Duration::from_secs(1);
        self
    }

    fn handle(&mut self, input: Input<'_>) -> Action {
        self.session.handle(At::new(self.now, EVEN), input)
    }

    fn ticks(&mut self) {
        let every_second = self.clock == Clock::EverySecond;
        if every_second {
            let action = self.handle(Input::Tick);
            self.note(action);
        }
        let mut ticks = 0;
        while let Some(deadline) = self.session.deadline().filter(|deadline| *deadline <= self.now) {
            ticks += 1;
            assert!(ticks < 100, "ticks without end");
            let action = self.handle(Input::Tick);
            assert!(
                action != Action::Nothing || self.session.deadline() > Some(deadline),
                "a tick for nothing"
            );
            self.note(action);
        }
    }

    fn note(&mut self, action: Action) {
        let words = match action {
            Action::Nothing => vec![],
            Action::Connect => {
                assert_eq!(self.handle(Input::Sent), Action::Nothing);
                let connect =
                    text(self.session.request_cursor()).map_or("C".to_owned(), |id| format!("C:{id}"));
                let at_relay = self.session.facts().at_relay.then(|| "@".to_owned());
                [connect].into_iter().chain(at_relay).collect()
            }
            Action::Stalled { silent } => {
                assert_eq!(ms(silent), self.session.rules.stall_after);
                vec!["S".to_owned()]
            }
            Action::Wait(retry) => {
                assert_eq!(retry.attempt, self.session.facts().attempts + 1);
                let limit = match retry.reason {
                    Reason::Idle => "I",
                    Reason::Progress => "P",
                    Reason::FirstEvent => "F",
                    _ => "",
                };
                let said = |holds, word| if holds { word } else { "" };
                [limit, said(retry.gap, "GAP"), said(retry.refresh, "L"), said(retry.asked.is_some(), "Q")]
                    .into_iter()
                    .filter(|word| !word.is_empty())
                    .map(str::to_owned)
                    .collect()
            }
            Action::Gap { after } => vec![format!("GAP:{after}")],
            Action::Replayed { first } => vec![if first { "R" } else { "D" }.to_owned()],
            Action::Close => match self.session.outcome() {
                Some(Outcome::TimedOut(Limit::Idle)) => vec!["I".to_owned()],
                Some(Outcome::TimedOut(Limit::Progress)) => vec!["P".to_owned()],
                Some(Outcome::TimedOut(Limit::FirstEvent)) => vec!["F".to_owned()],
                Some(Outcome::TimedOut(Limit::Total)) => vec!["T".to_owned()],
                _ => vec![],
            },
        };
        self.line.last_mut().unwrap().extend(words);
    }

    fn input(&mut self, word: &str) {
        let connecting = self.session.facts().state == State::Connecting;
        let numbered =
            |letter| word.strip_prefix(letter).filter(|id| !id.starts_with(|c: char| c.is_ascii_lowercase()));
        let is_record = ["r", "0", "!", "f", "u"].contains(&word)
            || ['e', 'h', 'i'].iter().any(|letter| numbered(*letter).is_some());
        let bytes = is_record || word.starts_with("retry");
        if bytes {
            assert_eq!(self.handle(Input::Wire), Action::Nothing);
        }
        if matches!(word, "e" | "i") {
            self.records += 1;
        }
        let number = self.records.to_string();
        let (input, reason) = match word {
            "o" => (Input::Head(head(200, None)), None),
            "html" => (Input::Head(Head { content_type: ContentType::Refused, ..head(200, None) }), None),
            "bare" => (Input::Head(Head { content_type: ContentType::Missing, ..head(200, None) }), None),
            "sniff" => (Input::Head(Head { content_type: ContentType::Assumed, ..head(200, None) }), None),
            "relay" => (Input::Head(Head { relayed: true, ..head(200, None) }), None),
            "e" => (Input::Record { cursor: Some(&number), id: Some(&number) }, None),
            "r" => (Input::Record { cursor: None, id: None }, None),
            "0" => (Input::Record { cursor: Some(""), id: None }, None),
            "i" => (Input::Cursor { cursor: &number, id: Some(&number) }, None),
            "lost" => (Input::CursorLost, None),
            "w" => (Input::Wire, None),
            "a" => (Input::Activity, None),
            "$" => (Input::BodyEnd { inside_record: false }, Some(Reason::End)),
            "%" => (Input::BodyEnd { inside_record: true }, Some(Reason::End)),
            "!" => (Input::EndMarker, None),
            "f" => (Input::FailureMarker, None),
            "u" => (Input::Unreadable { offset: 0, limit: None }, None),
            "x" if connecting => (Input::Broken(Failure::Head), Some(Reason::Head)),
            "x" => (Input::Broken(Failure::Body), Some(Reason::Body)),
            "n" => (Input::Broken(Failure::Connect), Some(Reason::Connect)),
            "never" => (Input::Broken(Failure::Permanent), Some(Reason::Body)),
            "unfresh" => (Input::RefreshFailed, None),
            "none" => (Input::Reply(ReplyState::Nothing), None),
            "open" => (Input::Reply(ReplyState::Open), None),
            "may" => (Input::Reply(ReplyState::MayComplete), None),
            "end" => (Input::Reply(ReplyState::MayEnd), None),
            "done" => (Input::Reply(ReplyState::Complete), None),
            "bad" => (Input::Reply(ReplyState::Failed), None),
            "t" => (Input::Broken(Failure::ConnectTimeout), Some(Reason::Connect)),
            "p" => (Input::Pause, None),
            "q" => (Input::Resume, None),
            "k" => (Input::Kick, Some(Reason::Kick)),
            "check" => (Input::Check { away: Duration::ZERO }, None),
            "woke" => (Input::Check { away: Duration::from_secs(600) }, None),
            "z" => (Input::Cancel, None),
            "queue" => (Input::QueueTimeout, None),
            _ => match word.strip_prefix("retry=") {
                Some(seconds) => (Input::RetryField(Duration::from_secs(seconds.parse().unwrap())), None),
                None if numbered('e').is_some() => {
                    let id = numbered('e');
                    (Input::Record { cursor: id, id }, None)
                }
                None if numbered('h').is_some() => (Input::Record { cursor: numbered('h'), id: None }, None),
                None if numbered('i').is_some() => {
                    let id = numbered('i');
                    (Input::Cursor { cursor: id.unwrap_or_default(), id }, None)
                }
                None => {
                    let (status, wait) =
                        word.split_once('+').map_or((word, None), |(status, wait)| (status, Some(wait)));
                    let wait = wait.map(|wait| Duration::from_secs(wait.parse().unwrap()));
                    (Input::Head(head(status.parse().unwrap(), wait)), Some(Reason::Status))
                }
            },
        };
        let action = self.handle(input);
        if let Action::Wait(retry) = action {
            assert_eq!(Some(retry.reason), reason, "{word}");
        }
        self.note(action);
    }

    /// Inputs that mean nothing in the present state change nothing.
    fn make_noise(&mut self) {
        let late = [
            Input::Wire,
            Input::Activity,
            Input::Record { cursor: Some("late"), id: Some("late") },
            Input::Cursor { cursor: "late", id: Some("late") },
            Input::CursorLost,
            Input::RetryField(Duration::from_secs(77)),
            Input::Reply(ReplyState::Complete),
            Input::Reply(ReplyState::MayComplete),
            Input::EndMarker,
            Input::FailureMarker,
            Input::BodyEnd { inside_record: true },
            Input::Unreadable { offset: 0, limit: None },
        ];
        let broken = [Input::Broken(Failure::Connect), Input::Broken(Failure::Body)];
        let a_head =
            [Input::Head(head(503, None)), Input::Head(head(200, None)), Input::Sent, Input::RefreshFailed];
        let closing = [Input::Cancel, Input::Kick, A_CHECK, Input::Tick, Input::Pause, Input::Resume];
        let inputs = match self.session.facts().state {
            State::Idle => [&late[..], &broken, &a_head, &[Input::Tick, Input::Kick, A_CHECK]].concat(),
            State::Connecting => [&late[..], &[Input::Start]].concat(),
            State::Untyped => [&late[2..9], &a_head, &[Input::Start, Input::QueueTimeout]].concat(),
            State::Open => [&a_head[..], &[Input::Start, Input::QueueTimeout]].concat(),
            State::Waiting => [&late[..], &broken, &a_head, &[Input::Start, Input::QueueTimeout]].concat(),
            State::Closed | State::Refused => {
                [&late[..], &broken, &a_head, &closing, &[Input::Start, Input::QueueTimeout]].concat()
            }
        };
        for input in inputs {
            let before = (self.session.facts().state, self.session.deadline(), self.session.facts().attempts);
            let cursor = text(self.session.cursor());
            assert_eq!(self.handle(input), Action::Nothing, "{input:?} in {:?}", before.0);
            assert_eq!(
                (self.session.facts().state, self.session.deadline(), self.session.facts().attempts),
                before,
                "{input:?}"
            );
            assert_eq!(text(self.session.cursor()), cursor, "{input:?}");
        }
    }

    fn outcome(&self) -> String {
        match self.session.outcome() {
            None => "-".to_owned(),
            Some(Outcome::Refused { status, why: Refusal::Status }) => format!("refused {status}"),
            Some(Outcome::Refused { status, why: Refusal::ContentType }) => {
                format!("refused {status} content type")
            }
            Some(Outcome::Refused { status, why: Refusal::RetryAfter(time) }) => {
                format!("refused {status} come back in {}", time.as_secs())
            }
            Some(Outcome::TimedOut(limit)) => format!("timed_out {limit}"),
            Some(outcome) => outcome.code().to_owned(),
        }
    }
}

pub(super) const fn head(status: u16, retry_after: Option<Duration>) -> Head {
    Head { status, content_type: ContentType::Accepted, retry_after, relayed: false }
}

/// A cursor, if there is one.
pub(super) fn text(cursor: &[u8]) -> Option<String> {
    (!cursor.is_empty()).then(|| String::from_utf8(cursor.to_vec()).unwrap())
}

/// The words of each column.
fn columns(line: &str) -> Vec<Vec<String>> {
    let mut columns = Vec::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let (column, after) = match first {
            '[' | '{' => rest[1..].split_once([']', '}']).expect("a bracket is open"),
            _ => rest.split_at(1),
        };
        rest = after;
        match first {
            '{' => columns.resize(columns.len() + column.parse::<usize>().unwrap(), Vec::new()),
            '.' => columns.push(Vec::new()),
            _ => columns.push(column.split(' ').map(str::to_owned).collect()),
        }
    }
    columns
}

fn shown(columns: &[Vec<String>]) -> String {
    let column = |words: &Vec<String>| match &words[..] {
        [] => ".".to_owned(),
        [word] if word.len() == 1 => word.clone(),
        words => format!("[{}]", words.join(" ")),
    };
    columns.iter().map(column).collect()
}
