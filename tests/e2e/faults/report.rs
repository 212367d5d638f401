//! Counts what happened in the campaign.

use std::collections::BTreeMap;
use std::fmt;

use crate::item::Item;
use crate::script::{Answer, Attempt, Relay, Response, Script, Stage, Verb};
use crate::stage::Played;

/// A fault, event or outcome must occur at least once in this many streams. The rarest of them occur about five times as often.
const ONE_IN: usize = 3000;

const FAULTS: [&str; 50] = [
    "nobody listens",
    "silence in the TLS handshake",
    "closed before the head",
    "reset before the head",
    "half a head",
    "garbage for a head",
    "silence before the head",
    "slow head",
    "busy",
    "busy, with Retry-After",
    "busy, Retry-After is garbage",
    "busy, Retry-After too long",
    "busy, Retry-After has a fraction",
    "busy, with retry-after-ms",
    "busy, retry-after-ms is too long or garbage",
    "status 401",
    "refused by status",
    "status 204",
    "redirects without end",
    "redirected",
    "wrong content type",
    "empty, without a content type",
    "error event",
    "event beyond its limit",
    "malformed JSON",
    "early clean end",
    "early clean end inside a content coding",
    "cut, chunked",
    "cut, with a length",
    "cut, to be closed",
    "reset, chunked",
    "reset, with a length",
    "reset, to be closed",
    "HTTP/2 reset",
    "HTTP/2 reset without an error",
    "HTTP/2: connection closed",
    "HTTP/2: short of its length",
    "HTTP/2: not processed",
    "HTTP/2: wants HTTP/1.1",
    "cut inside gzip",
    "cut inside deflate",
    "cut inside brotli",
    "cut inside zstd",
    "corrupt content coding",
    "half-open silence",
    "comments for ever",
    "garbage behind the marker",
    "garbage behind the length",
    "garbage behind the last chunk",
    "closed by the caller",
];

/// What happened to streams besides faults.
const EVENTS: [&str; 11] = [
    "records arrived again",
    "records arrived again, left out",
    "ordered ids arrived again",
    "a gap in ordered ids",
    "kept by a relay",
    "continued at a relay",
    "a POST or PUT continued at a relay",
    "a `Location` that is not a relay's",
    "renewed after a 401",
    "`retry:` beyond a minute, and waited for",
    "several parts in one content coding",
];

const OUTCOMES: [&str; 15] = [
    "complete",
    "ended",
    "truncated",
    "failed",
    "refused: status",
    "refused: content type",
    "refused: Retry-After",
    "timed_out: connect",
    "timed_out: first_event",
    "timed_out: idle",
    "timed_out: progress",
    "timed_out: total",
    "unreachable",
    "unreadable",
    "cancelled",
];

#[derive(Debug, Default)]
pub(crate) struct Report {
    streams: usize,
    /// Streams that sent at least one request to `tidewire serve`.
    against_serve: usize,
    attempts: usize,
    items: usize,
    failed: usize,
    faults: BTreeMap<&'static str, usize>,
    events: BTreeMap<&'static str, usize>,
    outcomes: BTreeMap<&'static str, usize>,
}

impl Report {
    pub(crate) fn add(&mut self, script: &Script, played: &Played) {
        self.streams += 1;
        let made = &script.attempts[..script.attempts.len().min(played.attempts as usize)];
        let asks_serve = |attempt: &Attempt| {
            attempt.stage == Stage::Serve && !matches!(attempt.answer, Answer::Nobody | Answer::SilentTls)
        };
        self.against_serve += usize::from(made.iter().any(asks_serve));
        self.attempts += made.len();
        let records = |item: &&Item| matches!(item, Item::Event { .. } | Item::Record(_) | Item::Text(_));
        self.items += played.items.iter().filter(records).count();
        for attempt in made {
            *self.faults.entry(attempt.fault()).or_default() += 1;
            if attempt.redirect.is_some() {
                *self.faults.entry("redirected").or_default() += 1;
            }
        }
        for name in events(script, made, played) {
            *self.events.entry(name).or_default() += 1;
        }
        let outcome = outcome(played);
        if outcome == "cancelled" {
            *self.faults.entry("closed by the caller").or_default() += 1;
        }
        *self.outcomes.entry(outcome).or_default() += 1;
    }

    pub(crate) const fn fail(&mut self) {
        self.failed += 1;
    }

    pub(crate) const fn failed(&self) -> usize {
        self.failed
    }

    /// Fails if something did not happen often enough to be tested.
    pub(crate) fn assert_nothing_is_missing(&self, streams: usize) {
        let least = streams / ONE_IN;
        let rare = |counts: &BTreeMap<&'static str, usize>, names: &[&'static str]| -> Vec<&'static str> {
            names.iter().copied().filter(|name| counts.get(name).copied().unwrap_or(0) < least).collect()
        };
        assert_eq!(rare(&self.faults, &FAULTS), [""; 0], "faults that came up less than {least} times");
        assert_eq!(rare(&self.events, &EVENTS), [""; 0], "what happened less than {least} times");
        assert_eq!(rare(&self.outcomes, &OUTCOMES), [""; 0], "outcomes that came up less than {least} times");
        assert!(
            self.against_serve * 4 >= streams * 3,
            "{} of {streams} streams met serve",
            self.against_serve
        );
    }
}

/// What happened to the stream, each only once.
fn events(script: &Script, made: &[Attempt], played: &Played) -> impl Iterator<Item = &'static str> {
    let any = |is: fn(&Item) -> bool| played.notices.iter().any(is);
    let response = |is: fn(&Response) -> bool| {
        made.iter().any(|attempt| matches!(&attempt.answer, Answer::Response(response) if is(response)))
    };
    let again = any(|item| matches!(item, Item::Replayed(_)));
    let at_relay = played.requests.iter().any(|request| request.at_relay);
    let happened = [
        again,
        again && script.call.dedupe,
        any(|item| matches!(item, Item::Replayed(id) if id.contains('-'))),
        any(|item| matches!(item, Item::Gap(Some(id)) if id.contains('-'))),
        response(|response| response.relay == Relay::Here),
        at_relay,
        at_relay && script.call.method != Verb::Get,
        response(|response| matches!(response.relay, Relay::Elsewhere | Relay::Unnamed)),
        played.requests.iter().any(|request| request.renewals > 0),
        any(|item| matches!(item, Item::Attempt { asked: Some(_), .. })),
        response(|response| response.parts > 1),
    ];
    EVENTS.into_iter().zip(happened).filter_map(|(name, happened)| happened.then_some(name))
}

fn outcome(played: &Played) -> &'static str {
    use tidewire::{Limit, Outcome, Refusal};
    match played.outcome {
        None => "none",
        Some(Outcome::Refused { why: Refusal::Status, .. }) => "refused: status",
        Some(Outcome::Refused { why: Refusal::ContentType, .. }) => "refused: content type",
        Some(Outcome::Refused { why: Refusal::RetryAfter(_), .. }) => "refused: Retry-After",
        Some(Outcome::TimedOut(Limit::Connect)) => "timed_out: connect",
        Some(Outcome::TimedOut(Limit::FirstEvent)) => "timed_out: first_event",
        Some(Outcome::TimedOut(Limit::Idle)) => "timed_out: idle",
        Some(Outcome::TimedOut(Limit::Progress)) => "timed_out: progress",
        Some(Outcome::TimedOut(Limit::Total)) => "timed_out: total",
        Some(outcome) => outcome.code(),
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} streams ({} against serve), {} attempts, {} events, records and texts",
            self.streams, self.against_serve, self.attempts, self.items
        )?;
        for (what, counts) in
            [("faults", &self.faults), ("events", &self.events), ("outcomes", &self.outcomes)]
        {
            writeln!(f, "{what}:")?;
            for (name, count) in counts {
                writeln!(f, "  {count:6}  {name}")?;
            }
        }
        write!(f, "{} failed", self.failed)
    }
}
