//! An LLM's reply in the shape of each provider. Every dialect writes the same parts (`parts`), each in its own file.
//!
//! ```text
//! parts ─▶ ReplyPart ─▶ dialect ─▶ RecordWriter ─▶ records
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
mod parts;
mod record_writer;
mod sample;
mod vercel_ui;

use std::fmt;

use axum::http::{HeaderName, HeaderValue, StatusCode};

use self::{
    parts::{ReplyPart, ReplyPlan},
    record_writer::{Framing, RecordWriter},
};
use super::pace;
use crate::serve::{
    params::ReplyKind,
    response::{ScenarioRequest, ScriptedResponse},
    script::{ScriptStep, paced},
};

/// The most tokens of a reply: its text is in memory until it ends, since some dialects repeat it there.
const MAX_TOKENS: usize = 100_000;

/// The shape of a provider's replies. Some providers have several.
#[non_exhaustive]
pub struct ReplyShape {
    /// The dialect's name.
    pub dialect: &'static str,
    /// The form of the dialect, if it has several; the first one is the default.
    pub form: &'static str,
    framing: Framing,
    write: fn(&ReplyPart, &mut RecordWriter),
    /// The kinds of reply that this provider has, of those that not all providers have.
    kinds: &'static [ReplyKind],
}

impl fmt::Debug for ReplyShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplyShape")
            .field("dialect", &self.dialect)
            .field("form", &self.form)
            .finish_non_exhaustive()
    }
}

/// Every shape.
pub const ALL: &[ReplyShape] = &[
    shape("openai-chat", "", Framing::Sse, openai_chat::write, &[ReplyKind::Filter, ReplyKind::Refusal]),
    shape(
        "openai-responses",
        "",
        Framing::Sse,
        openai_responses::write,
        &[ReplyKind::Filter, ReplyKind::Refusal],
    ),
    shape("anthropic", "", Framing::Sse, anthropic::write, &[ReplyKind::Refusal]),
    shape("gemini", "sse", Framing::Sse, gemini::write, &[ReplyKind::Filter]),
    shape("gemini", "array", Framing::Array, gemini::write, &[ReplyKind::Filter]),
    shape("ollama", "chat", Framing::Lines, ollama::chat, &[]),
    shape("ollama", "generate", Framing::Lines, ollama::generate, &[]),
    shape("cohere", "", Framing::Sse, cohere::write, &[ReplyKind::Filter]),
    shape("mistral", "", Framing::Sse, mistral::write, &[]),
    shape("bedrock-json", "", Framing::Lines, bedrock_json::write, &[ReplyKind::Filter]),
    shape("vercel-ui", "", Framing::Sse, vercel_ui::write, &[ReplyKind::Filter]),
    shape("ag-ui", "", Framing::Sse, ag_ui::write, &[]),
];

const fn shape(
    dialect: &'static str,
    form: &'static str,
    framing: Framing,
    write: fn(&ReplyPart, &mut RecordWriter),
    kinds: &'static [ReplyKind],
) -> ReplyShape {
    ReplyShape { dialect, form, framing, write, kinds }
}

/// The shape of this dialect, in this form if one is given.
///
/// # Errors
/// A sentence that names the dialects and forms.
pub(crate) fn find(dialect: &str, form: Option<&str>) -> Result<&'static ReplyShape, String> {
    let fits = |shape: &&ReplyShape| shape.dialect == dialect && form.is_none_or(|form| shape.form == form);
    ALL.iter().find(fits).ok_or_else(|| {
        let mut names: Vec<_> = ALL.iter().map(|shape| shape.dialect).collect();
        names.dedup();
        format!(
            "no such dialect or form; the dialects are {}; gemini has the forms sse and array, ollama chat and generate",
            names.join(", ")
        )
    })
}

/// The response of `/llm`, and of every path of a server that was given a dialect.
pub(crate) fn respond(
    request: &ScenarioRequest<'_>,
    chosen: Option<&'static ReplyShape>,
) -> ScriptedResponse {
    let params = request.params;
    let refuse = |problem: &str| ScriptedResponse::refusal(StatusCode::BAD_REQUEST, problem);
    let dialect = params.dialect.as_deref().or(chosen.map(|shape| shape.dialect)).unwrap_or("openai-chat");
    let shape = match find(dialect, params.form.as_deref()) {
        Ok(shape) => shape,
        Err(problem) => return refuse(&problem),
    };
    let kind = params.reply.unwrap_or_default();
    if matches!(kind, ReplyKind::Filter | ReplyKind::Refusal) && !shape.kinds.contains(&kind) {
        return refuse(&format!("{dialect} has no reply={}", kind.name()));
    }
    if let Some(events) = params.events.filter(|events| *events > MAX_TOKENS) {
        return refuse(&format!("events: expected a number up to {MAX_TOKENS} here, not `{events}`"));
    }
    let is_unfinished = params.unfinished.unwrap_or(false);
    let plan = ReplyPlan { kind, tokens: params.events, fails: params.error.unwrap_or(false), is_unfinished };
    let mut writer = RecordWriter::new(shape.framing);
    let records = plan.parts().flat_map(move |part| writer.records(&part, shape.write));
    // A background response counts its events from 0.
    let seen = params.starting_after.filter(|_| dialect == "openai-responses");
    let records = records.skip(seen.map_or(0, |number| number.saturating_add(1)));
    let script = paced(records, pace::uneven(request, 20..80));
    let cut = is_unfinished.then_some(ScriptStep::Cut);
    let content_type = shape.framing.content_type();
    let response = ScriptedResponse::new(StatusCode::OK, content_type, Box::new(script.chain(cut)));
    if dialect == "vercel-ui" {
        let name = HeaderName::from_static("x-vercel-ai-ui-message-stream");
        response.with_header(name, HeaderValue::from_static("v1"))
    } else {
        response
    }
}
