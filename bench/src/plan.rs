//! The cases that are measured, and the contenders of each.

/// The seed from which every input is generated.
pub const SEED: u64 = 0x7469_6465_7769_7265;

/// The number of small events that follow the one large event in a counted run.
pub const EVENTS_AFTERWARDS: u64 = 1000;

pub struct Case {
    pub name: &'static str,
    pub group: Group,
    pub title: &'static str,
    pub input: Input,
    pub contenders: &'static [Contender],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    Sse,
    Sweep,
    Large,
    Framing,
    Typed,
    Deltas,
}

impl Group {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sse => "sse",
            Self::Sweep => "sweep",
            Self::Large => "large",
            Self::Framing => "ndjson",
            Self::Typed => "typed",
            Self::Deltas => "deltas",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Input {
    pub body: Body,
    pub cut: Cut,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    Chat,
    Tiny,
    Crlf,
    MultiLine,
    Named,
    Cjk,
    /// One event of this many MiB.
    Large {
        mib: usize,
    },
    Ndjson,
    /// The same; what counts is the text in the records.
    NdjsonTyped,
    /// Chat; what counts is the text of the tokens.
    Deltas,
    /// The same in Chinese.
    DeltasCjk,
    /// The same, but no event resembles the one before it in what surrounds the token.
    DeltasUnlike,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    Every(usize),
    AfterEvent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contender {
    pub name: &'static str,
    pub role: Role,
    pub hands_out: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Tidewire,
    Peer,
    Floor,
}

/// The size of a body, which is read several times. At this size it stays in the second-level cache, as bytes do that have
/// just arrived from a socket. With 32 MiB at once, every run would measure the main memory of a shared machine.
pub const BLOCK_BYTES: usize = 1 << 20;

/// How often a run reads a block.
#[must_use]
pub fn repeats(body: Body, quick: bool) -> usize {
    match body {
        Body::Large { .. } => 1,
        _ if quick => 4,
        _ => 32,
    }
}

/// Why a contender does not run in a case; `None` if it does.
#[must_use]
pub fn refusal(case: &Case, contender: &str) -> Option<&'static str> {
    match (case.input.body, contender) {
        (Body::Large { mib: 2.. }, "eventsource-stream") => {
            Some("quadratic, since it searches its whole buffer again at each chunk")
        }
        _ => None,
    }
}

const KIB: usize = 1024;

const fn tidewire(name: &'static str, hands_out: &'static str) -> Contender {
    Contender { name, role: Role::Tidewire, hands_out }
}

const fn peer(name: &'static str, hands_out: &'static str) -> Contender {
    Contender { name, role: Role::Peer, hands_out }
}

const fn floor(name: &'static str) -> Contender {
    Contender { name, role: Role::Floor, hands_out: "nothing" }
}

const LENT: Contender = tidewire("tidewire", "lent bytes");
const LENT_TEXT: Contender = tidewire("tidewire-text", "lent, checked &str");
const MOVED: Contender = tidewire("tidewire-moved", "lent bytes, frames moved by `?`");
const OWNED: Contender = tidewire("tidewire-owned", "owned Strings");
const SSE_CORE: Contender = peer("sse-core", "owned String");
const SSE_STREAM: Contender = peer("sse-stream", "owned String");
const SSEER: Contender = peer("sseer", "shared Str");
const EVENTSOURCE_CLIENT: Contender = peer("eventsource-client", "owned Strings");
const EVENTSOURCE_STREAM: Contender = peer("eventsource-stream", "owned Strings");

const SSE: &[Contender] = &[
    LENT,
    MOVED,
    LENT_TEXT,
    OWNED,
    SSE_CORE,
    SSE_STREAM,
    SSEER,
    EVENTSOURCE_CLIENT,
    EVENTSOURCE_STREAM,
    floor("memchr2"),
];
const SWEEP: &[Contender] = &[LENT, LENT_TEXT, SSE_CORE, SSE_STREAM, floor("memchr2")];
const LARGE: &[Contender] = &[
    LENT,
    LENT_TEXT,
    OWNED,
    SSE_CORE,
    SSE_STREAM,
    SSEER,
    EVENTSOURCE_CLIENT,
    EVENTSOURCE_STREAM,
    floor("memcpy+memchr2"),
];
const FRAMING: &[Contender] = &[
    tidewire("tidewire", "lent bytes"),
    tidewire("tidewire-checked", "lent bytes, checked to be JSON"),
    peer("lines-codec", "owned String"),
    peer("ndjson-stream", "owned RawValue, checked"),
    floor("memchr"),
];
const TYPED: &[Contender] = &[
    tidewire("tidewire, from_slice", "a struct"),
    tidewire("tidewire, from_str", "a struct"),
    peer("memchr, from_slice", "a struct"),
    peer("memchr, from_str", "a struct"),
    peer("lines-codec, from_str", "a struct"),
    peer("ndjson-stream", "a struct"),
];

const DELTAS: &[Contender] = &[
    tidewire("tidewire", "lent &str"),
    peer("sse-core, serde_json", "a struct of all fields"),
    peer("sse-core, sonic-rs", "a struct of all fields"),
    peer("sse-core, serde_json, text alone", "a borrowed struct of the text"),
    peer("sse-core, sonic-rs, text alone", "a borrowed struct of the text"),
    peer("sse-core, sonic-rs, lazy", "the text by its path"),
];

const fn case(
    name: &'static str,
    group: Group,
    title: &'static str,
    body: Body,
    cut: Cut,
    contenders: &'static [Contender],
) -> Case {
    Case { name, group, title, input: Input { body, cut }, contenders }
}

#[rustfmt::skip]
pub const CASES: &[Case] = &[
    case("sse-16k", Group::Sse, "OpenAI chat, 16 KiB chunks", Body::Chat, Cut::Every(16 * KIB), SSE),
    case("sse-event", Group::Sse, "OpenAI chat, one event per chunk", Body::Chat, Cut::AfterEvent, SSE),
    case("sse-64", Group::Sse, "OpenAI chat, 64-byte chunks", Body::Chat, Cut::Every(64), SSE),
    case("sse-tiny", Group::Sse, "tiny events `data: x`, 16 KiB chunks", Body::Tiny, Cut::Every(16 * KIB), SSE),
    case("sse-crlf", Group::Sse, "OpenAI chat with CRLF, 16 KiB chunks", Body::Crlf, Cut::Every(16 * KIB), SSE),
    case("sse-lines", Group::Sse, "eight data lines per event, 16 KiB chunks", Body::MultiLine, Cut::Every(16 * KIB), SSE),
    case("sse-named", Group::Sse, "named events with ids, 16 KiB chunks", Body::Named, Cut::Every(16 * KIB), SSE),
    case("sse-cjk", Group::Sse, "OpenAI chat in Chinese, 16 KiB chunks", Body::Cjk, Cut::Every(16 * KIB), SSE),
    case("sweep-64", Group::Sweep, "64 B", Body::Chat, Cut::Every(64), SWEEP),
    case("sweep-256", Group::Sweep, "256 B", Body::Chat, Cut::Every(256), SWEEP),
    case("sweep-1k", Group::Sweep, "1 KiB", Body::Chat, Cut::Every(KIB), SWEEP),
    case("sweep-4k", Group::Sweep, "4 KiB", Body::Chat, Cut::Every(4 * KIB), SWEEP),
    case("sweep-16k", Group::Sweep, "16 KiB", Body::Chat, Cut::Every(16 * KIB), SWEEP),
    case("sweep-64k", Group::Sweep, "64 KiB", Body::Chat, Cut::Every(64 * KIB), SWEEP),
    case("sweep-256k", Group::Sweep, "256 KiB", Body::Chat, Cut::Every(256 * KIB), SWEEP),
    case("sweep-1m", Group::Sweep, "1 MiB", Body::Chat, Cut::Every(1024 * KIB), SWEEP),
    case("large-1m", Group::Large, "one event of 1 MiB, 1 KiB chunks", Body::Large { mib: 1 }, Cut::Every(KIB), LARGE),
    case("large-2m", Group::Large, "one event of 2 MiB, 1 KiB chunks", Body::Large { mib: 2 }, Cut::Every(KIB), LARGE),
    case("large-4m", Group::Large, "one event of 4 MiB, 1 KiB chunks", Body::Large { mib: 4 }, Cut::Every(KIB), LARGE),
    case("large-8m", Group::Large, "one event of 8 MiB, 1 KiB chunks", Body::Large { mib: 8 }, Cut::Every(KIB), LARGE),
    case("ndjson-16k", Group::Framing, "NDJSON framing, 16 KiB chunks", Body::Ndjson, Cut::Every(16 * KIB), FRAMING),
    case("typed-16k", Group::Typed, "NDJSON into a struct of all fields, 16 KiB chunks", Body::NdjsonTyped, Cut::Every(16 * KIB), TYPED),
    case("deltas-16k", Group::Deltas, "text deltas of OpenAI chat, 16 KiB chunks", Body::Deltas, Cut::Every(16 * KIB), DELTAS),
    case("deltas-event", Group::Deltas, "text deltas of OpenAI chat, one event per chunk", Body::Deltas, Cut::AfterEvent, DELTAS),
    case("deltas-cjk", Group::Deltas, "text deltas of OpenAI chat in Chinese, 16 KiB chunks", Body::DeltasCjk, Cut::Every(16 * KIB), DELTAS),
    case("deltas-unlike", Group::Deltas, "text deltas of OpenAI chat, no two events alike, 16 KiB chunks", Body::DeltasUnlike, Cut::Every(16 * KIB), DELTAS),
];

/// A case in which clients read from a server.
#[derive(Clone, Copy, Debug)]
pub struct ClientCase {
    pub name: &'static str,
    pub title: &'static str,
    pub streams: u64,
    /// Per stream.
    pub events: u64,
    /// The time between two events of a stream.
    pub interval_micros: u64,
    /// How often each contender runs.
    pub rounds: usize,
}

impl ClientCase {
    /// A smaller version, to check that the case works.
    #[must_use]
    pub fn quick(&self) -> Self {
        Self {
            streams: self.streams.min(50),
            events: self.events.min(20),
            interval_micros: self.interval_micros.min(20_000),
            rounds: 1,
            ..*self
        }
    }
}

/// The name of the group of [`CLIENT_CASES`].
pub const CLIENT: &str = "client";

pub const CLIENT_CASES: &[ClientCase] = &[
    ClientCase {
        name: "client-1000",
        title: "1,000 streams at once, 200 events each",
        streams: 1000,
        events: 200,
        interval_micros: 25_000,
        rounds: 15,
    },
    ClientCase {
        name: "client-10000",
        title: "10,000 streams at once, 50 events each",
        streams: 10_000,
        events: 50,
        interval_micros: 200_000,
        rounds: 1,
    },
    ClientCase {
        name: "latency",
        title: "one stream, one event per millisecond",
        streams: 1,
        events: 3000,
        interval_micros: 1000,
        rounds: 3,
    },
];

/// The floor is first, next to Tidewire: the target is the difference between the two.
pub const CLIENTS: &[Contender] = &[
    floor("reqwest"),
    tidewire("tidewire", "owned Strings"),
    tidewire("tidewire-seen", "the same, with `tracing` and `metrics` on"),
    peer("reqwest-eventsource", "owned Strings"),
    peer("sse-reqwest-client", "owned Strings"),
    peer("eventsource-client", "owned Strings"),
];
