//! What must come of a stream: the table of reconnects, written down a second time, over whole bodies and without a clock.

use std::time::Duration;

use tidewire::{Limit, Outcome, Reason, Refusal, Resume};

use crate::coding::{Coding, Reach};
use crate::item::{Item, Want};
use crate::naive::{Rules, Seen, Stop, read};
use crate::script::{
    Ask, Attempt, Declared, End, EndOn, Meets, NoHead, Payload, Refresh, Relay, Reply, Shape, Stage, To, Verb,
};

const MOST_WAIT: Duration = Duration::from_secs(30);
/// No wait that a server asks for is longer.
const LONGEST_ASKED_WAIT: Duration = Duration::from_secs(60);
/// So many ids are remembered.
const REMEMBERED: usize = 1024;

pub(crate) struct Model {
    ask: Ask,
    pub(crate) items: Vec<Item>,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) cursor: Option<String>,
    last_id: String,
    /// Records came, over all attempts.
    pub(crate) any_record: bool,
    /// In a row.
    failures: u32,
    floor: Duration,
    ordered: Option<(String, u64)>,
    /// The same, when the present attempt began.
    ordered_before: Option<(String, u64)>,
    /// The ids of records that were delivered, each with its attempt.
    delivered: Vec<(u32, String)>,
    replay_reported: bool,
    /// The last record with an id of its own had arrived before.
    repeating: bool,
    attempts: u32,
    /// Refreshed, and no response accepted since.
    refreshed: bool,
    /// How often what requests carry was renewed.
    renewals: u32,
    /// A relay keeps the response.
    relayed: bool,
    /// The cursor of the request that a redirect to another origin has dropped.
    lost: Option<String>,
    /// How many items there were before a body whose corrupt bytes may come in one read with what is before them, in a coding whose
    /// decoder then loses what it had decoded.
    pub(crate) corrupt_at: Option<usize>,
}

impl Model {
    pub(crate) fn new(ask: &Ask) -> Self {
        let begin = ask.begin.clone();
        Self {
            ask: ask.clone(),
            items: Vec::new(),
            outcome: None,
            last_id: begin.clone().unwrap_or_default(),
            ordered: begin.as_deref().and_then(ordered),
            cursor: begin,
            any_record: false,
            failures: 0,
            floor: Duration::ZERO,
            ordered_before: None,
            delivered: Vec::new(),
            replay_reported: false,
            repeating: false,
            attempts: 0,
            refreshed: false,
            renewals: 0,
            relayed: false,
            lost: None,
            corrupt_at: None,
        }
    }

    /// Behind how many items, at least so many, the caller can close the stream and see no further one: a request and a gap come
    /// together with what is behind them, and behind the last item the stream may be over by itself.
    pub(crate) fn closes_at(&self, shape: Shape, count: usize) -> Option<usize> {
        let shown: Vec<&Item> = self.items.iter().filter(|item| item.is_shown(shape)).collect();
        let alone = |count: &usize| {
            !matches!(shown[count - 1], Item::Attempt { .. } | Item::Gap(_) | Item::Replayed(_))
        };
        (count..shown.len()).find(alone)
    }

    /// What the next request comes to; `true` where another one follows.
    pub(crate) fn meet(&mut self, attempt: &Attempt) -> bool {
        self.attempts += 1;
        self.ordered_before = self.ordered.clone();
        (self.replay_reported, self.repeating) = (false, false);
        match &attempt.meets {
            Meets::Nobody => self.no_connection(None),
            Meets::MuteTls => self.no_connection(Some(Limit::Connect)),
            meets => {
                if self.send(attempt) {
                    match meets {
                        Meets::NoHead(NoHead::Silence) => {
                            self.broke_before_head(Some(self.limit(false, true)))
                        }
                        Meets::NoHead(NoHead::Garbage | NoHead::WantsHttp1) => self.fails_for_good(),
                        Meets::NoHead(NoHead::NotProcessed) => self.no_connection(None),
                        Meets::NoHead(_) => self.broke_before_head(None),
                        Meets::Status { status, retry_after, retry_after_ms } => {
                            self.status(*status, *retry_after, *retry_after_ms);
                        }
                        Meets::Reply(reply) => self.reply(reply, attempt.redirect.is_some()),
                        Meets::RoundAndRound | Meets::Nobody | Meets::MuteTls => {}
                    }
                }
            }
        }
        self.outcome.is_none()
    }

    /// A failure that another request would meet again.
    fn fails_for_good(&mut self) {
        self.outcome = Some(if self.any_record { Outcome::Truncated } else { Outcome::Unreachable });
    }

    fn once(&self) -> bool {
        self.ask.payload == Payload::Once
    }

    fn expects_marker(&self) -> bool {
        matches!(self.ask.end_on, EndOn::Event | EndOn::Json)
    }

    fn idempotent(&self) -> bool {
        (self.ask.method == Verb::Get || self.ask.declared != Declared::Nothing) && !self.once()
    }

    /// Whether the stream may go on behind its cursor.
    fn resumable(&self) -> bool {
        match self.ask.resume {
            Resume::Never => false,
            // It is a GET of what the relay keeps.
            Resume::Auto | Resume::Always if self.relayed => true,
            Resume::Always => !self.once(),
            Resume::Elsewhere => true,
            _ => self.idempotent(),
        }
    }

    /// Whether sending the next request can repeat no work: it is idempotent, or goes on behind the cursor by the caller's word.
    fn repeatable(&self) -> bool {
        let by_word = matches!(self.ask.resume, Resume::Always | Resume::Elsewhere) && self.resumable();
        self.idempotent() || self.relayed || (by_word && self.any_record && self.cursor.is_some())
    }

    fn next_cursor(&self) -> Option<String> {
        match self.resumable() {
            true => self.cursor.clone(),
            // As the caller made it; behind records it would only repeat them.
            false => self.ask.begin.clone().filter(|_| !self.any_record),
        }
    }

    /// Notes the requests of an attempt; `false` where a redirect ended the stream.
    fn send(&mut self, attempt: &Attempt) -> bool {
        self.lost = None;
        let cursor = self.next_cursor();
        let elsewhere =
            !self.relayed && self.ask.resume == Resume::Elsewhere && self.any_record && cursor.is_some();
        let mut want = Want {
            attempt: self.attempts as usize - 1,
            method: match self.ask.method {
                _ if elsewhere => "PUT",
                _ if self.relayed => "GET",
                Verb::Get => "GET",
                Verb::Post => "POST",
                Verb::Put => "PUT",
            },
            body: match self.ask.payload {
                _ if self.relayed => String::new(),
                Payload::None => String::new(),
                Payload::Bytes => r#"{"q":1}"#.to_owned(),
                // What was read is gone, and the request that goes on needs none.
                Payload::Once if self.attempts > 1 => String::new(),
                Payload::Once => r#"{"once":1}"#.to_owned(),
            },
            key: self.ask.declared == Declared::Key && !self.relayed,
            authorized: true,
            renewals: self.renewals,
            at_relay: self.relayed,
            ..Want::default()
        };
        match (cursor, self.ask.cursor_to) {
            (None, _) => {}
            (cursor, _) if self.relayed => want.last_event_id = cursor,
            (cursor, _) if elsewhere => want.query = cursor,
            (cursor, None) => want.last_event_id = cursor,
            (cursor, Some(To::Header)) => want.x_after = cursor,
            (cursor, Some(To::Query)) => want.query = cursor,
            (Some(cursor), Some(To::Body)) => want.body = format!(r#"{{"after":{cursor},"q":1}}"#),
        }
        let once = self.once() && !want.body.is_empty();
        self.items.push(Item::Sent(want.clone()));
        if let Meets::RoundAndRound = attempt.meets {
            // Away from the first origin once, what is secret is gone for good.
            for _ in 0..20 {
                self.redirected(&mut want, 307);
            }
            self.outcome = Some(Outcome::Refused { status: 307, why: Refusal::Status });
            return false;
        }
        match attempt.redirect {
            Some(status @ (307 | 308)) if once => {
                self.outcome = Some(Outcome::Refused { status, why: Refusal::Status });
                return false;
            }
            // A method that stays keeps its body, which is gone.
            Some(status @ (301 | 302)) if once && want.method == "PUT" => {
                self.outcome = Some(Outcome::Refused { status, why: Refusal::Status });
                return false;
            }
            Some(status) => self.redirected(&mut want, status),
            None => {}
        }
        true
    }

    fn redirected(&mut self, want: &mut Want, status: u16) {
        let becomes_get = match status {
            301 | 302 => want.method == "POST",
            303 => true,
            _ => false,
        };
        if becomes_get {
            want.method = "GET";
            want.body.clear();
        }
        self.lost = want.last_event_id.take().or(self.lost.take());
        want.authorized = false;
        self.items.push(Item::Sent(want.clone()));
    }

    fn no_connection(&mut self, limit: Option<Limit>) {
        let spent = limit.map_or_else(|| self.cut_off(), Outcome::TimedOut);
        let may = !self.once() || self.repeatable();
        self.again(may, Reason::Connect, Duration::ZERO, false, spent);
    }

    fn broke_before_head(&mut self, limit: Option<Limit>) {
        if limit == Some(Limit::Total) {
            self.outcome = Some(Outcome::TimedOut(Limit::Total));
            return;
        }
        let spent = limit.map_or_else(|| self.cut_off(), Outcome::TimedOut);
        self.again(self.repeatable(), reason_of(limit, Reason::Head), Duration::ZERO, false, spent);
    }

    fn status(&mut self, status: u16, retry_after: Option<&str>, retry_after_ms: Option<&str>) {
        if status == 204 {
            self.outcome = Some(if self.expects_marker() { Outcome::Truncated } else { Outcome::Ended });
            return;
        }
        let refused = |why| Outcome::Refused { status, why };
        if status == 401
            && let Some(refresh) = self.ask.refresh
            && !self.refreshed
            && (!self.once() || self.relayed)
        {
            self.refreshed = true;
            self.announce(Reason::Status, (Duration::ZERO, Duration::ZERO));
            match refresh {
                Refresh::Works => self.renewals += 1,
                Refresh::Fails => self.outcome = Some(refused(Refusal::Status)),
            }
            return;
        }
        if ![408, 425, 429, 500, 502, 503, 504, 529].contains(&status) {
            self.outcome = Some(refused(Refusal::Status));
            return;
        }
        // More than any number holds is as long as can be.
        let wait = match (retry_after_ms, retry_after) {
            (Some("30"), _) => Some(Duration::from_millis(30)),
            (Some("0.5"), _) => Some(Duration::from_micros(500)),
            (Some("60001"), _) => Some(Duration::from_millis(60_001)),
            (Some("99999999999999999999"), _) => Some(Duration::from_millis(u64::MAX)),
            (_, Some("Sun, 06 Nov 1994 08:49:37 GMT")) => Some(Duration::ZERO),
            (_, Some("0.02")) => Some(Duration::from_millis(20)),
            (_, Some("99999999999999999999")) => Some(Duration::from_secs(u64::MAX)),
            (_, Some(seconds)) => seconds.parse().ok().map(Duration::from_secs),
            (_, None) => None,
        };
        // No scripted wait lies between what is left of the time and all of it.
        if let Some(wait) = wait
            && (wait > LONGEST_ASKED_WAIT || self.ask.limits.total.is_some_and(|total| wait > total))
        {
            self.outcome = Some(refused(Refusal::RetryAfter(wait)));
            return;
        }
        let invited = [429, 503, 529].contains(&status) && wait.is_some() && !self.once();
        let may = self.repeatable() || invited;
        self.again(may, Reason::Status, wait.unwrap_or_default(), false, refused(Refusal::Status));
    }

    fn acceptable(&self, content_type: Option<&str>) -> bool {
        let essence = content_type.map(|value| value.split(';').next().unwrap_or_default().trim());
        match essence {
            _ if self.ask.by_hand => true,
            None => false,
            Some("text/event-stream") => true,
            Some(_) if self.ask.shape == Shape::Events => false,
            Some(essence) => [
                "application/x-ndjson",
                "application/jsonl",
                "application/json-seq",
                "application/json",
                "text/plain",
            ]
            .contains(&essence),
        }
    }

    fn reply(&mut self, reply: &Reply, redirected: bool) {
        let untyped = reply.content_type.is_none() && !self.ask.by_hand;
        if !untyped && !self.acceptable(reply.content_type) {
            self.outcome = Some(Outcome::Refused { status: 200, why: Refusal::ContentType });
            return;
        }
        if !untyped {
            self.refreshed = false;
            // Another origin's word does not count.
            self.relayed |= reply.relay == Relay::Here && !redirected && self.ask.resume != Resume::Never;
        }
        if let Some(after) = self.lost.take().filter(|_| !untyped) {
            if self.any_record && !self.ask.follow {
                self.outcome = Some(Outcome::Truncated);
                return;
            }
            self.items.push(Item::Gap(Some(after)));
        }
        let (plain, reach) = match reply.coding {
            Some(coding) => coding.decode(&reply.wire()),
            None => (reply.wire(), Reach::Whole),
        };
        let loses = reach == Reach::Corrupt && reply.coding == Some(Coding::Br) && !reply.held;
        self.corrupt_at = loses.then_some(self.items.len());
        let clean = matches!(reply.end, End::Clean | End::Garbage(_)) && reach == Reach::Whole;
        if untyped && !plain.is_empty() {
            self.outcome = Some(Outcome::Refused { status: 200, why: Refusal::ContentType });
            return;
        }
        if reply.content_type.is_none() && plain.is_empty() && clean {
            // An empty body has no type that could be wrong.
            self.outcome = Some(if self.expects_marker() { Outcome::Truncated } else { Outcome::Ended });
            return;
        }
        let last_id = self.last_id.clone();
        let rules = Rules {
            done: self.ask.end_on != EndOn::None,
            deliver_unterminated: self.ask.deliver_unterminated,
            max_event_bytes: self.ask.max_event_bytes.unwrap_or(usize::MAX),
            last_id: &last_id,
        };
        let (seen, stop) = read(self.ask.format, &plain, clean, &rules);
        let mut record_here = false;
        for seen in seen {
            if self.take(seen, &mut record_here) {
                return;
            }
        }
        let unreadable = |limit| Some(Outcome::Unreadable { offset: 0, limit });
        match (stop, reach) {
            (Stop::TooLarge, _) => self.outcome = unreadable(self.ask.max_event_bytes),
            (Stop::Malformed, _) => self.outcome = unreadable(None),
            (_, Reach::Corrupt) => self.outcome = unreadable(None),
            _ if clean && (stop == Stop::Inside || self.expects_marker()) => self.broke(Reason::End, None),
            _ if clean => {
                // What the relay keeps has ended.
                self.relayed = false;
                let may = self.ask.follow && self.repeatable();
                self.again(may, Reason::End, Duration::ZERO, false, Outcome::Ended);
            }
            _ => match reply.end {
                End::Silence => self.broke(Reason::Body, Some(self.limit(false, !record_here))),
                End::Beats => {
                    let limit = self.limit(true, !record_here);
                    self.beats();
                    self.broke(Reason::Body, Some(limit));
                }
                End::Cut | End::Reset | End::StreamReset(_) | End::Clean | End::Garbage(_) => {
                    self.broke(Reason::Body, None);
                }
            },
        }
    }

    /// Takes in a frame; `true` where it decides the stream.
    fn take(&mut self, seen: Seen, record_here: &mut bool) -> bool {
        let by_event_id = self.ask.cursor_to.is_none();
        let (item, data, name, own) = match seen {
            Seen::Id(id) => {
                if by_event_id {
                    self.gap_before(&id);
                }
                self.id_alone(id);
                return false;
            }
            Seen::Retry(ms) => {
                self.floor = Duration::from_millis(ms);
                self.items.push(Item::Retry(self.floor));
                return false;
            }
            Seen::Comment(comment) => {
                self.items.push(Item::Comment(comment));
                return false;
            }
            Seen::BadRecord => {
                self.items.push(Item::BadRecord);
                return false;
            }
            Seen::Done => {
                self.outcome = Some(Outcome::Complete);
                return true;
            }
            Seen::Text(text) => {
                self.record(record_here);
                self.cursor = None;
                self.ordered = None;
                match self.items.last_mut() {
                    Some(Item::Text(before)) => before.push_str(&text),
                    _ => self.items.push(Item::Text(text)),
                }
                return false;
            }
            Seen::Record(json) => (Item::Record(json.clone()), json, None, false),
            Seen::Event { event, data, id, own } => {
                (Item::Event { event: event.clone(), data: data.clone(), id }, data, Some(event), own)
            }
        };
        let json = serde_json::from_str::<serde_json::Value>(&data).unwrap_or_default();
        let has_done = json.get("done").is_some_and(|done| *done == true);
        let failed = name.as_deref() == Some("error") && !self.ask.fail_on_none && !self.ask.follow;
        let ends = match self.ask.end_on {
            EndOn::Event => name.as_deref() == Some("close"),
            EndOn::Json => has_done,
            EndOn::Default | EndOn::None => false,
        };
        let event_id = match &item {
            Item::Event { id, .. } => Some(id.clone()),
            _ => None,
        };
        if !failed && data == "[DONE]" && self.ask.end_on != EndOn::None {
            if let Some(id) = event_id {
                self.id_alone(id);
            }
            self.outcome = Some(Outcome::Complete);
            return true;
        }
        let heartbeat = self.ask.heartbeat
            && !failed
            && !ends
            && json.get("type").is_some_and(|kind| *kind == "heartbeat");
        if heartbeat {
            if let Some(id) = event_id {
                if by_event_id && own {
                    self.gap_before(&id);
                }
                self.id_alone(id);
            }
            self.items.push(Item::Comment(data));
            return false;
        }
        self.outcome = match (failed, ends) {
            (true, _) => Some(Outcome::Failed),
            (false, true) => Some(Outcome::Complete),
            (false, false) => None,
        };
        let own_id = match (&event_id, json.get("seq")) {
            (Some(id), _) if by_event_id => Some(id.clone()).filter(|id| own && !id.is_empty()),
            (_, Some(seq)) if !by_event_id => Some(seq.to_string()),
            _ => None,
        };
        if own_id.as_ref().is_some_and(|id| self.is_known(id)) {
            self.repeating = true;
            if !std::mem::replace(&mut self.replay_reported, true) {
                self.items.extend(own_id.map(Item::Replayed));
            }
            self.last_id = event_id.unwrap_or_default();
            if !self.ask.dedupe {
                self.items.push(item);
            }
            return self.outcome.is_some();
        }
        if own_id.is_none() && self.repeating {
            // The stream is no further for it, unless it is at its end.
            match event_id {
                Some(id) if self.outcome == Some(Outcome::Complete) => self.id_alone(id),
                event_id => self.last_id = event_id.unwrap_or_default(),
            }
            self.items.push(item);
            return self.outcome.is_some();
        }
        self.record(record_here);
        if let Some(id) = &own_id {
            self.repeating = false;
            self.gap_before(id);
            self.delivered.push((self.attempts, id.clone()));
        }
        match (own_id, event_id) {
            (Some(id), event_id) if by_event_id => self.set_id(event_id.unwrap_or(id)),
            (Some(seq), event_id) => {
                self.cursor = Some(seq);
                self.last_id = event_id.unwrap_or_default();
            }
            (None, Some(id)) => {
                if by_event_id && !is_sendable(&id) {
                    self.ordered = None;
                }
                self.id_alone(id);
            }
            // Where the stream stands now nobody can say; where an earlier one stopped is no place to go on from.
            (None, None) if by_event_id => self.cursor = None,
            (None, None) => {}
        }
        self.items.push(item);
        self.outcome.is_some()
    }

    /// Whether a record with this id arrived in an earlier attempt.
    fn is_known(&self, id: &str) -> bool {
        let passed = match (ordered(id), &self.ordered_before) {
            (Some((epoch, seq)), Some((before, last))) => epoch == *before && seq <= *last,
            _ => false,
        };
        let seen = self.delivered.iter().rev().take(REMEMBERED);
        self.attempts > 1 && (passed || seen.into_iter().any(|(at, seen)| *at < self.attempts && seen == id))
    }

    fn record(&mut self, record_here: &mut bool) {
        *record_here = true;
        self.any_record = true;
        self.failures = 0;
    }

    fn set_id(&mut self, id: String) {
        if self.ask.cursor_to.is_none() {
            self.cursor = is_sendable(&id).then(|| id.clone());
        }
        self.last_id = id;
    }

    /// The last event id of what is no record of its own: it moves the cursor to no place where the stream was before.
    fn id_alone(&mut self, id: String) {
        if self.is_known(&id) {
            self.last_id = id;
        } else {
            self.set_id(id);
        }
    }

    /// A hole in ids that are ordered is told before the event behind it.
    fn gap_before(&mut self, id: &str) {
        // An empty id is none.
        if id.is_empty() {
            return;
        }
        let Some((epoch, seq)) = ordered(id) else {
            self.ordered = None;
            return;
        };
        let mut highest = seq;
        if let Some((before, last)) = &self.ordered
            && *before == epoch
        {
            if seq > last + 1 {
                self.items.push(Item::Gap(Some(format!("{before}-{last}"))));
            }
            highest = seq.max(*last);
        }
        self.ordered = Some((epoch, highest));
    }

    /// The connection or the body broke after the head, or more was to come.
    fn broke(&mut self, reason: Reason, limit: Option<Limit>) {
        let reason = reason_of(limit, reason);
        if limit == Some(Limit::Total) {
            self.outcome = Some(Outcome::TimedOut(Limit::Total));
            return;
        }
        let (may, gap) = match (self.any_record, self.resumable() && self.cursor.is_some()) {
            (false, _) => (self.repeatable(), false),
            (true, true) => (true, false),
            (true, false) => (self.ask.follow && self.repeatable(), true),
        };
        let closed = match limit {
            Some(limit) => Outcome::TimedOut(limit),
            None if may => self.cut_off(),
            None => Outcome::Truncated,
        };
        self.again(may, reason, Duration::ZERO, gap, closed);
    }

    fn cut_off(&self) -> Outcome {
        if self.any_record { Outcome::Truncated } else { Outcome::Unreachable }
    }

    /// Another request, or the end.
    fn again(&mut self, may: bool, reason: Reason, retry_after: Duration, gap: bool, otherwise: Outcome) {
        if !may || (!self.ask.follow && self.failures >= self.ask.retry_attempts) {
            self.outcome = Some(otherwise);
            return;
        }
        let drawn = (self.ask.retry_delay * (1 << self.failures.min(20))).min(MOST_WAIT);
        self.failures += 1;
        let least = self.floor.min(LONGEST_ASKED_WAIT).max(retry_after);
        self.announce(reason, (least, drawn.max(least)));
        if gap {
            self.items.push(Item::Gap(self.cursor.clone()));
        }
        if self.ask.limits.total.is_some_and(|total| least > total) {
            // It is still waited for when the time is over.
            self.outcome = Some(Outcome::TimedOut(Limit::Total));
        }
    }

    fn announce(&mut self, reason: Reason, wait: (Duration, Duration)) {
        self.items.push(Item::Attempt {
            number: self.attempts + 1,
            reason,
            cursor: self.next_cursor(),
            wait,
            asked: Some(self.floor).filter(|asked| *asked > LONGEST_ASKED_WAIT),
        });
    }

    /// Which limit a silence passes first; `beats` is one that only comments break, `fresh` one before this request's first
    /// record.
    fn limit(&self, beats: bool, fresh: bool) -> Limit {
        let limits = &self.ask.limits;
        [
            (limits.idle.filter(|_| !beats), Limit::Idle),
            (limits.first_event.filter(|_| fresh), Limit::FirstEvent),
            (limits.progress, Limit::Progress),
            (limits.total, Limit::Total),
        ]
        .into_iter()
        .filter_map(|(limit, name)| Some((limit?, name)))
        .min_by_key(|(limit, _)| *limit)
        .expect("a silence that no limit would find")
        .1
    }

    /// How many comments come depends on time; they are left out on both sides.
    fn beats(&mut self) {
        self.items.retain(|item| !matches!(item, Item::Comment(text) if text == "beat"));
    }

    /// Whether a silence would be found, be it full of comments.
    pub(crate) fn finds_silence(&self, beats: bool) -> bool {
        let limits = &self.ask.limits;
        let comments = beats && limits.first_event.is_some();
        comments || (limits.idle.is_some() && !beats) || limits.progress.is_some() || limits.total.is_some()
    }

    /// Where requests may go; a server of raw bytes speaks HTTP/1.1 alone, and only `serve` keeps responses.
    pub(crate) fn stages(&self) -> &'static [Stage] {
        match (self.relayed, self.ask.http2) {
            (true, _) => &[Stage::Serve],
            (false, true) => &[Stage::Serve, Stage::Serve, Stage::Http2],
            (false, false) => &[Stage::Serve, Stage::Serve, Stage::Serve, Stage::Serve, Stage::Raw],
        }
    }

    pub(crate) const fn is_relayed(&self) -> bool {
        self.relayed
    }

    /// Whether this is the first request.
    pub(crate) const fn is_first(&self) -> bool {
        self.attempts == 0
    }
}

/// What can be the value of a header.
fn is_sendable(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte >= 0x20 && byte != 0x7F)
}

/// The parts of an id of the form `epoch-seq`.
fn ordered(id: &str) -> Option<(String, u64)> {
    let (epoch, seq) = id.split_once('-')?;
    Some((epoch.to_owned(), seq.parse().ok()?))
}

const fn reason_of(limit: Option<Limit>, otherwise: Reason) -> Reason {
    match limit {
        Some(Limit::Idle) => Reason::Idle,
        Some(Limit::Progress) => Reason::Progress,
        Some(Limit::FirstEvent) => Reason::FirstEvent,
        _ => otherwise,
    }
}
