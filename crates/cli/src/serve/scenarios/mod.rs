//! The scenarios that have names. Each is a function from a request to a scripted response.

mod chat;
mod feed;
mod http;
mod json;
pub(crate) mod llm;
mod pace;
mod sse;
mod wire;

use std::fmt;

pub use llm::{ALL as REPLY_SHAPES, ReplyShape};

use super::response::{ScenarioRequest, ScriptedResponse};

/// A scenario that has a name.
#[non_exhaustive]
pub struct NamedScenario {
    /// Its name, which is also its path.
    pub name: &'static str,
    /// What it does, in one line.
    pub about: &'static str,
    pub(crate) respond: fn(&ScenarioRequest<'_>) -> ScriptedResponse,
}

impl fmt::Debug for NamedScenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NamedScenario").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Every scenario that has a name, in the order of the index.
pub const ALL: &[NamedScenario] = &[
    named("chat", "an OpenAI-shaped reply at 50 to 200 ms per token, then [DONE]", chat::chat),
    named("flaky", "a reply that is cut every few events and continues after Last-Event-ID", chat::flaky),
    named("think", "a role chunk, 20 s of silence, then the reply", chat::think),
    named("stall", "three tokens, then silence for ever", chat::stall),
    named("truncate", "a reply that breaks off in the middle of an event", chat::truncate),
    named("midstream-error", "some tokens, an error event, and a [DONE] all the same", chat::midstream_error),
    named("slow-headers", "a reply whose head takes 3 s", chat::slow_headers),
    named("glued", "several events in one write, with half of the next", wire::glued),
    named("split", "every byte in a chunk of its own", wire::split),
    named("bigfinal", "small events, then one of 2 MiB", wire::bigfinal),
    named("endless", "events as fast as they are read, without end", wire::endless),
    named("text", "the reply as text/plain, then [DONE] without a newline", wire::text),
    named("notify", "notifications with ids and names, replayed after Last-Event-ID", feed::notify),
    named("heartbeat", "events with comments and heartbeat events between them", feed::heartbeat),
    named("sse", "a tick each second, as in tutorials of EventSource", feed::ticks),
    named("stream", "the reply as {\"token\":…} events, as in tutorials", feed::token_events),
    named("ai/chat", "POST {\"prompt\":…}: a reply that mentions the prompt", chat::prompt),
    named("ndjson", "the reply as JSON lines, then {\"done\":true}", json::ndjson),
    named("jsonseq", "the reply as an RFC 7464 sequence", json::jsonseq),
    named("jsonarray", "the reply as one JSON array, element by element", json::jsonarray),
    named("plain", "the reply as one pretty-printed JSON object", json::plain),
    named("llm", "a reply in the shape of each provider: ?dialect=anthropic", |request| {
        llm::respond(request, None)
    }),
    named("busy", "429, then 503, both with Retry-After, then the reply", http::busy),
    named("status", "the status that is asked for, by default 500", http::status),
    named("auth", "401 unless there is an Authorization", http::auth),
    named("gone", "204", http::gone),
    named("html", "200 with a login page instead of a stream", http::html),
    named("redirect", "307 to another origin", http::redirect),
    named("hangup", "the connection closed before a head", http::hangup),
];

const fn named(
    name: &'static str,
    about: &'static str,
    respond: fn(&ScenarioRequest<'_>) -> ScriptedResponse,
) -> NamedScenario {
    NamedScenario { name, about, respond }
}
