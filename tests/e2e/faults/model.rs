//! The model: the table of reconnects, implemented a second time, over whole bodies and without a clock.

use std::time::Duration;

use tidewire::{Limit, Outcome, Reason, Refusal, Resume};

use crate::coding::{Coding, Reach};
use crate::item::{Item, RequestFacts};
use crate::naive::{Rules, Seen, Stop, read};
use crate::script::{
    Answer, Attempt, CallOptions, Declared, End, EndOn, ItemKind, NoHead, Payload, Refresh, Relay, Response,
    Stage, To, Verb,
};

const MOST_WAIT: Duration = Duration::from_secs(30);
/// The longest wait that a server can ask for.
const LONGEST_ASKED_WAIT: Duration = Duration::from_secs(60);
/// How many ids are remembered.
const REMEMBERED: usize = 1024;

pub(crate) struct Model {
    call: CallOptions,
    pub(crate) items: Vec<Item>,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) cursor: Option<String>,
    last_id: String,
    /// A record arrived, in any attempt.
    pub(crate) any_record: bool,
    /// Failures in a row.
    failures: u32,
    floor: Duration,
    ordered: Option<(String, u64)>,
    /// The same, when the current attempt began.
    ordered_before: Option<(String, u64)>,
    /// The ids of records that were delivered, each with its attempt.
    delivered: Vec<(u32, String)>,
    replay_reported: bool,
    /// The last record with its own id had arrived before.
    repeating: bool,
    attempts: u32,
    /// Credentials were renewed, and no response was accepted since.
    refreshed: bool,
    /// How often credentials were renewed.
    renewals: u32,
    /// A relay keeps the response.
    relayed: bool,
    /// The cursor that a redirect to another origin dropped from the request.
    lost: Option<String>,
    /// The number of items before a body with corrupt bytes, if its decoder may lose what it decoded in the same read.
    pub(crate) corrupt_at: Option<usize>,
}

impl Model {
    pub(crate) fn new(call: &CallOptions) -> Self {
        let begin = call.begin.clone();
        Self {
            call: call.clone(),
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

    /// The number of items, at least `count`, after which the caller can close the stream without seeing another one. A notice may arrive
    /// together with the next item, and after the last item the stream may already be over.
    pub(crate) fn closes_at(&self, kind: ItemKind, count: usize) -> Option<usize> {
        let shown: Vec<&Item> = self.items.iter().filter(|item| item.is_shown(kind)).collect();
        let alone = |count: &usize| {
            !matches!(shown[count - 1], Item::Attempt { .. } | Item::Gap(_) | Item::Replayed(_))
        };
        (count..shown.len()).find(alone)
    }

    /// Handles the next request; `true` if another one follows.
    pub(crate) fn meet(&mut self, attempt: &Attempt) -> bool {
        self.attempts += 1;
        self.ordered_before = self.ordered.clone();
        (self.replay_reported, self.repeating) = (false, false);
        match &attempt.answer {
            Answer::Nobody => self.no_connection(None),
            Answer::SilentTls => self.no_connection(Some(Limit::Connect)),
            answer => {
                if self.send(attempt) {
                    match answer {
                        Answer::NoHead(NoHead::Silence) => {
                            self.broke_before_head(Some(self.limit(false, true)))
                        }
                        Answer::NoHead(NoHead::Garbage | NoHead::WantsHttp1) => self.fails_for_good(),
                        Answer::NoHead(NoHead::NotProcessed) => self.no_connection(None),
                        Answer::NoHead(_) => self.broke_before_head(None),
                        Answer::Status { status, retry_after, retry_after_ms } => {
                            self.status(*status, *retry_after, *retry_after_ms);
                        }
                        Answer::Response(response) => self.response(response, attempt.redirect.is_some()),
                        Answer::EndlessRedirects | Answer::Nobody | Answer::SilentTls => {}
                    }
                }
            }
        }
        self.outcome.is_none()
    }

    /// A permanent failure.
    fn fails_for_good(&mut self) {
        self.outcome = Some(if self.any_record { Outcome::Truncated } else { Outcome::Unreachable });
    }

    fn once(&self) -> bool {
        self.call.payload == Payload::Once
    }

    fn expects_marker(&self) -> bool {
        matches!(self.call.end_on, EndOn::Event | EndOn::Json)
    }

    fn idempotent(&self) -> bool {
        (self.call.method == Verb::Get || self.call.declared != Declared::Nothing) && !self.once()
    }

    /// Whether the stream may resume from its cursor.
    fn resumable(&self) -> bool {
        match self.call.resume {
            Resume::Never => false,
            // The request is a GET at the relay.
            Resume::Auto | Resume::Always if self.relayed => true,
            Resume::Always => !self.once(),
            Resume::Elsewhere => true,
            _ => self.idempotent(),
        }
    }

    /// Whether the next request can be sent without repeating work: it is idempotent, or the caller allows it to resume.
    fn repeatable(&self) -> bool {
        let by_word = matches!(self.call.resume, Resume::Always | Resume::Elsewhere) && self.resumable();
        self.idempotent() || self.relayed || (by_word && self.any_record && self.cursor.is_some())
    }

    fn next_cursor(&self) -> Option<String> {
        match self.resumable() {
            true => self.cursor.clone(),
            // The caller's own cursor. After records it would repeat them.
            false => self.call.begin.clone().filter(|_| !self.any_record),
        }
    }

    /// Records the requests of an attempt; `false` if a redirect ended the stream.
    fn send(&mut self, attempt: &Attempt) -> bool {
        self.lost = None;
        let cursor = self.next_cursor();
        let elsewhere =
            !self.relayed && self.call.resume == Resume::Elsewhere && self.any_record && cursor.is_some();
        let mut want = RequestFacts {
            attempt: self.attempts as usize - 1,
            method: match self.call.method {
                _ if elsewhere => "PUT",
                _ if self.relayed => "GET",
                Verb::Get => "GET",
                Verb::Post => "POST",
                Verb::Put => "PUT",
            },
            body: match self.call.payload {
                _ if self.relayed => String::new(),
                Payload::None => String::new(),
                Payload::Bytes => r#"{"q":1}"#.to_owned(),
                // It was read already, and a request that resumes has no body.
                Payload::Once if self.attempts > 1 => String::new(),
                Payload::Once => r#"{"once":1}"#.to_owned(),
            },
            key: self.call.declared == Declared::Key && !self.relayed,
            authorized: true,
            renewals: self.renewals,
            at_relay: self.relayed,
            ..RequestFacts::default()
        };
        match (cursor, self.call.cursor_to) {
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
        if let Answer::EndlessRedirects = attempt.answer {
            // Secrets are dropped at the first other origin.
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
            // A method other than POST stays, and its body was read already.
            Some(status @ (301 | 302)) if once && want.method == "PUT" => {
                self.outcome = Some(Outcome::Refused { status, why: Refusal::Status });
                return false;
            }
            Some(status) => self.redirected(&mut want, status),
            None => {}
        }
        true
    }

    fn redirected(&mut self, want: &mut RequestFacts, status: u16) {
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
            && let Some(refresh) = self.call.refresh
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
        // A number that is too large counts as the largest.
        let wait = match (retry_after_ms, retry_after) {
            (Some("30"), _) => Some(Duration::from_millis(30)),
            (Some("0.5"), _) => Some(Duration::from_micros(500)),
            (Some("60001"), _) => Some(Duration::from_millis(60_001)),
            (Some("99999999999999999999"), _) => Some(kept(Duration::from_millis(u64::MAX))),
            (_, Some("Sun, 06 Nov 1994 08:49:37 GMT")) => Some(Duration::ZERO),
            (_, Some("0.02")) => Some(Duration::from_millis(20)),
            (_, Some("99999999999999999999")) => Some(Duration::from_secs(u64::MAX)),
            (_, Some(seconds)) => seconds.parse().ok().map(Duration::from_secs),
            (_, None) => None,
        };
        // No scripted wait is between the remaining time and the whole limit.
        if let Some(wait) = wait
            && (wait > LONGEST_ASKED_WAIT || self.call.limits.total.is_some_and(|total| wait > total))
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
            _ if self.call.by_hand => true,
            None => false,
            Some("text/event-stream") => true,
            Some(_) if self.call.kind == ItemKind::Events => false,
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

    fn response(&mut self, response: &Response, redirected: bool) {
        let untyped = response.content_type.is_none() && !self.call.by_hand;
        if !untyped && !self.acceptable(response.content_type) {
            self.outcome = Some(Outcome::Refused { status: 200, why: Refusal::ContentType });
            return;
        }
        if !untyped {
            self.refreshed = false;
            // A relay at another origin does not count.
            self.relayed |= response.relay == Relay::Here && !redirected && self.call.resume != Resume::Never;
        }
        if let Some(after) = self.lost.take().filter(|_| !untyped) {
            if self.any_record && !self.call.follow {
                self.outcome = Some(Outcome::Truncated);
                return;
            }
            self.items.push(Item::Gap(Some(after)));
        }
        let (plain, reach) = match response.coding {
            Some(coding) => coding.decode(&response.wire()),
            None => (response.wire(), Reach::Whole),
        };
        let loses = reach == Reach::Corrupt && response.coding == Some(Coding::Br) && !response.held;
        self.corrupt_at = loses.then_some(self.items.len());
        let clean = matches!(response.end, End::Clean | End::Garbage(_)) && reach == Reach::Whole;
        if untyped && !plain.is_empty() {
            self.outcome = Some(Outcome::Refused { status: 200, why: Refusal::ContentType });
            return;
        }
        if response.content_type.is_none() && plain.is_empty() && clean {
            // Like a 204.
            self.outcome = Some(if self.expects_marker() { Outcome::Truncated } else { Outcome::Ended });
            return;
        }
        let last_id = self.last_id.clone();
        let rules = Rules {
            done: self.call.end_on != EndOn::None,
            deliver_unterminated: self.call.deliver_unterminated,
            max_event_bytes: self.call.max_event_bytes.unwrap_or(usize::MAX),
            last_id: &last_id,
        };
        let (seen, stop) = read(self.call.format, &plain, clean, &rules);
        let mut record_here = false;
        for seen in seen {
            if self.take(seen, &mut record_here) {
                return;
            }
        }
        let unreadable = |limit| Some(Outcome::Unreadable { offset: 0, limit });
        match (stop, reach) {
            (Stop::TooLarge, _) => self.outcome = unreadable(self.call.max_event_bytes),
            (Stop::Malformed, _) => self.outcome = unreadable(None),
            (_, Reach::Corrupt) => self.outcome = unreadable(None),
            _ if clean && (stop == Stop::Inside || self.expects_marker()) => self.broke(Reason::End, None),
            _ if clean => {
                // The response at the relay has ended.
                self.relayed = false;
                let may = self.call.follow && self.repeatable();
                self.again(may, Reason::End, Duration::ZERO, false, Outcome::Ended);
            }
            _ => match response.end {
                End::Silence => self.broke(Reason::Body, Some(self.limit(false, !record_here))),
                End::Comments => {
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

    /// Handles a frame; `true` if it ends the stream.
    fn take(&mut self, seen: Seen, record_here: &mut bool) -> bool {
        let by_event_id = self.call.cursor_to.is_none();
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
        let failed = name.as_deref() == Some("error") && !self.call.fail_on_none && !self.call.follow;
        let ends = match self.call.end_on {
            EndOn::Event => name.as_deref() == Some("close"),
            EndOn::Json => has_done,
            EndOn::Default | EndOn::None => false,
        };
        let event_id = match &item {
            Item::Event { id, .. } => Some(id.clone()),
            _ => None,
        };
        if !failed && data == "[DONE]" && self.call.end_on != EndOn::None {
            if let Some(id) = event_id {
                self.id_alone(id);
            }
            self.outcome = Some(Outcome::Complete);
            return true;
        }
        let heartbeat = self.call.heartbeat
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
            if !self.call.dedupe {
                self.items.push(item);
            }
            return self.outcome.is_some();
        }
        if own_id.is_none() && self.repeating {
            // It is no progress. The id at the end of the stream counts all the same.
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
            // The record has no cursor, and resuming from an older one would repeat it.
            (None, None) if by_event_id => self.cursor = None,
            (None, None) => {}
        }
        self.items.push(item);
        self.outcome.is_some()
    }

    /// Whether an earlier attempt delivered a record with this id.
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
        if self.call.cursor_to.is_none() {
            self.cursor = is_sendable(&id).then(|| id.clone());
        }
        self.last_id = id;
    }

    /// Handles a last event id that is not a new record's own. It does not move the cursor back.
    fn id_alone(&mut self, id: String) {
        if self.is_known(&id) {
            self.last_id = id;
        } else {
            self.set_id(id);
        }
    }

    /// Reports a gap in ordered ids before this one.
    fn gap_before(&mut self, id: &str) {
        // An empty id clears the last event id.
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

    /// The body broke or ended too early.
    fn broke(&mut self, reason: Reason, limit: Option<Limit>) {
        let reason = reason_of(limit, reason);
        if limit == Some(Limit::Total) {
            self.outcome = Some(Outcome::TimedOut(Limit::Total));
            return;
        }
        let (may, gap) = match (self.any_record, self.resumable() && self.cursor.is_some()) {
            (false, _) => (self.repeatable(), false),
            (true, true) => (true, false),
            (true, false) => (self.call.follow && self.repeatable(), true),
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

    /// Announces another request, or ends the stream.
    fn again(&mut self, may: bool, reason: Reason, retry_after: Duration, gap: bool, otherwise: Outcome) {
        if !may || (!self.call.follow && self.failures >= self.call.retry_attempts) {
            self.outcome = Some(otherwise);
            return;
        }
        let drawn = (self.call.retry_delay * (1 << self.failures.min(20))).min(MOST_WAIT);
        self.failures += 1;
        let least = self.floor.min(LONGEST_ASKED_WAIT).max(retry_after);
        self.announce(reason, (least, drawn.max(least)));
        if gap {
            self.items.push(Item::Gap(self.cursor.clone()));
        }
        if self.call.limits.total.is_some_and(|total| least > total) {
            // The limit passes during the wait.
            self.outcome = Some(Outcome::TimedOut(Limit::Total));
        }
    }

    fn announce(&mut self, reason: Reason, wait: (Duration, Duration)) {
        self.items.push(Item::Attempt {
            number: self.attempts + 1,
            reason,
            cursor: self.next_cursor(),
            wait,
            asked: Some(kept(self.floor)).filter(|asked| *asked > LONGEST_ASKED_WAIT),
        });
    }

    /// The limit that silence exceeds first. `beats` says that comments arrive, `fresh` that this request has not brought a record.
    fn limit(&self, beats: bool, fresh: bool) -> Limit {
        let limits = &self.call.limits;
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

    /// Removes the comments, whose number depends on the time; the player does too.
    fn beats(&mut self) {
        self.items.retain(|item| !matches!(item, Item::Comment(text) if text == "beat"));
    }

    /// Whether any limit is set that ends a silence, with comments or without.
    pub(crate) fn finds_silence(&self, beats: bool) -> bool {
        let limits = &self.call.limits;
        let comments = beats && limits.first_event.is_some();
        comments || (limits.idle.is_some() && !beats) || limits.progress.is_some() || limits.total.is_some()
    }

    /// The servers that may get the next request. The raw server speaks only HTTP/1.1, and only `serve` keeps responses.
    pub(crate) fn stages(&self) -> &'static [Stage] {
        match (self.relayed, self.call.http2) {
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

/// Whether the id can be the value of a header.
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

/// A wait as the core keeps it: milliseconds with 53 bits.
fn kept(wait: Duration) -> Duration {
    if wait < Duration::from_millis(1 << 53) {
        wait
    } else {
        Duration::from_secs((wait.as_millis() as f64 / 1000.0) as u64)
    }
}
