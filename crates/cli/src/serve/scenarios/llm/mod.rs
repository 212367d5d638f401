//! The reply of a model in the shape of each provider, told by one story (`story`) and spoken by one file a dialect.
//!
//! ```text
//! story ─▶ Part ─▶ dialect ─▶ Voice ─▶ records
//! ```

mod ag_ui;
mod anthropic;
mod bedrock_json;
mod cohere;
mod gemini;
mod mistral;
mod ollama;
mod openai_chat;
mod openai_responses;
mod story;
mod vercel_ui;
mod voice;

use std::fmt;

use axum::http::{HeaderName, StatusCode};

pub(crate) use self::story::Tale;
use self::{
    story::{Part, Telling},
    voice::{Framing, Voice},
};
use super::pace;
use crate::serve::{
    scenario::{Reply, Request},
    script::{Step, paced},
};

/// The shape of a provider's replies; some have more than one.
#[non_exhaustive]
pub struct Spoken {
    /// The dialect's name.
    pub dialect: &'static str,
    /// Which of its shapes, where there are several; the first one counts where none is asked for.
    pub form: &'static str,
    framing: Framing,
    say: fn(&Part, &mut Voice),
    /// What it can tell besides what all can.
    tales: &'static [Tale],
}

impl fmt::Debug for Spoken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spoken")
            .field("dialect", &self.dialect)
            .field("form", &self.form)
            .finish_non_exhaustive()
    }
}

/// Every shape.
pub const ALL: &[Spoken] = &[
    spoken("openai-chat", "", Framing::Sse, openai_chat::say, &[Tale::Filter, Tale::Refusal]),
    spoken("openai-responses", "", Framing::Sse, openai_responses::say, &[Tale::Filter, Tale::Refusal]),
    spoken("anthropic", "", Framing::Sse, anthropic::say, &[Tale::Refusal]),
    spoken("gemini", "sse", Framing::Sse, gemini::say, &[Tale::Filter]),
    spoken("gemini", "array", Framing::Array, gemini::say, &[Tale::Filter]),
    spoken("ollama", "chat", Framing::Lines, ollama::chat, &[]),
    spoken("ollama", "generate", Framing::Lines, ollama::generate, &[]),
    spoken("cohere", "", Framing::Sse, cohere::say, &[Tale::Filter]),
    spoken("mistral", "", Framing::Sse, mistral::say, &[]),
    spoken("bedrock-json", "", Framing::Lines, bedrock_json::say, &[Tale::Filter]),
    spoken("vercel-ui", "", Framing::Sse, vercel_ui::say, &[Tale::Filter]),
    spoken("ag-ui", "", Framing::Sse, ag_ui::say, &[]),
];

const fn spoken(
    dialect: &'static str,
    form: &'static str,
    framing: Framing,
    say: fn(&Part, &mut Voice),
    tales: &'static [Tale],
) -> Spoken {
    Spoken { dialect, form, framing, say, tales }
}

/// The shape of this dialect, and of this form of it.
///
/// # Errors
/// A sentence that names what there is.
pub(crate) fn find(dialect: &str, form: Option<&str>) -> Result<&'static Spoken, String> {
    let fits = |spoken: &&Spoken| spoken.dialect == dialect && form.is_none_or(|form| spoken.form == form);
    ALL.iter().find(fits).ok_or_else(|| {
        let mut names: Vec<_> = ALL.iter().map(|spoken| spoken.dialect).collect();
        names.dedup();
        format!(
            "no such dialect or form; the dialects are {}; gemini has the forms sse and array, ollama chat and generate",
            names.join(", ")
        )
    })
}

/// `/llm`, and every path of a server that was given a dialect.
pub(crate) fn reply(request: &Request<'_>, chosen: Option<&'static Spoken>) -> Reply {
    let tuning = request.tuning;
    let dialect = tuning.dialect.as_deref().or(chosen.map(|spoken| spoken.dialect)).unwrap_or("openai-chat");
    let spoken = match find(dialect, tuning.form.as_deref()) {
        Ok(spoken) => spoken,
        Err(problem) => return Reply::refusal(StatusCode::BAD_REQUEST, &problem),
    };
    let tale = tuning.reply.unwrap_or_default();
    if matches!(tale, Tale::Filter | Tale::Refusal) && !spoken.tales.contains(&tale) {
        let problem = format!("{dialect} has no word for reply={}", tale.name());
        return Reply::refusal(StatusCode::BAD_REQUEST, &problem);
    }
    let unfinished = tuning.unfinished.unwrap_or(false);
    let telling = Telling { tale, events: tuning.events, fails: tuning.error.unwrap_or(false), unfinished };
    let mut voice = Voice::new(spoken.framing);
    let records = telling.parts().flat_map(move |part| voice.say(&part, spoken.say));
    // The numbers of a background response count its events from 0.
    let seen = tuning.starting_after.filter(|_| dialect == "openai-responses");
    let records = records.skip(seen.map_or(0, |number| number.saturating_add(1)));
    let script = paced(records, pace::uneven(request, 20..80));
    let cut = unfinished.then_some(Step::Cut);
    let reply = Reply::new(StatusCode::OK, spoken.framing.content_type(), Box::new(script.chain(cut)));
    if dialect == "vercel-ui" {
        reply.with_header(HeaderName::from_static("x-vercel-ai-ui-message-stream"), "v1")
    } else {
        reply
    }
}

/// What all dialects say of themselves and count.
mod facts {
    pub(super) const MODEL: &str = "tidewire-demo";
    pub(super) const CREATED: u64 = 1_760_000_000;
    pub(super) const DATE: &str = "2025-10-09T08:53:20Z";
    pub(super) const OVERLOADED: &str = "the model is overloaded";
    pub(super) const INPUT: u64 = 11;
    pub(super) const CACHED: u64 = 5;
    pub(super) const OUTPUT: u64 = 29;
    pub(super) const THOUGHT: u64 = 7;
    pub(super) const TOTAL: u64 = INPUT + OUTPUT;
}
