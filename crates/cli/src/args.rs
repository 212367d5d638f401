//! The arguments of the command.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use tidewire::llm::UnknownDialect;
use tidewire::{Dialect, Format, Marker, Resume};

use crate::serve::ServeArgs;

/// Streams HTTP responses, reports truthfully how they ended, and rehearses the
/// ways in which they fail.
#[derive(Debug, Parser)]
#[command(name = "tidewire", version, arg_required_else_help = true, disable_help_subcommand = true)]
#[command(after_help = EXIT_STATUSES, max_term_width = HELP_WIDTH)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Stream a URL
    #[command(after_help = GET_EXAMPLES)]
    Get(Box<GetArgs>),
    /// Decode standard input to events, one JSON object per line
    #[command(after_help = DECODE_EXAMPLES)]
    Decode(DecodeArgs),
    /// Serve scripted responses: demo replies, every fault, or a recording
    Serve(ServeArgs),
}

/// Help fits a terminal of this many columns.
const HELP_WIDTH: usize = 80;

const EXIT_STATUSES: &str = "\
Exit status: 0 complete or ended, 1 output that cannot be written, 2 usage,
3 truncated, 4 refused, 5 failed, 6 timed out, 7 unreachable, 8 unreadable,
130 cancelled by a signal";

const GET_EXAMPLES: &str = "\
Dialects:
  auto, openai-chat, openai-responses, anthropic, gemini, gemini-interactions,
  ollama, cohere, mistral, mistral-conversations, bedrock-json, vercel-ui,
  ag-ui, openai-assistants, workers-ai, dashscope, dify, coze, langgraph,
  replicate, tgi, a2a, snowflake-cortex, generic, generic:PATH (the path of
  the text in each record), or the file of a table (./mine.json)

Examples:
  tidewire get https://host/sse
  tidewire get https://host/v1/chat/completions --json @request.json \\
    -H \"Authorization: Bearer $KEY\"
  tidewire get https://host/v1/messages --json @request.json \\
    --dialect auto --output text
  tidewire get https://host/sse --output events | jq .data
  tidewire get https://host/notifications --follow --last-event-id 42
  tidewire get https://host/sse --record reply.jsonl
  tidewire serve --scenario reply.jsonl";

const DECODE_EXAMPLES: &str = "\
Dialects:
  auto, openai-chat, openai-responses, anthropic, gemini, gemini-interactions,
  ollama, cohere, mistral, mistral-conversations, bedrock-json, vercel-ui,
  ag-ui, openai-assistants, workers-ai, dashscope, dify, coze, langgraph,
  replicate, tgi, a2a, snowflake-cortex, generic, generic:PATH (the path of
  the text in each record), or the file of a table (./mine.json)

Examples:
  curl -sN https://host/sse | tidewire decode
  curl -sN https://host/v1/messages -d @request.json \\
    | tidewire decode --dialect anthropic
  tidewire decode --format ndjson --end-on json:done=true < reply.ndjson";

/// How a body is read.
#[derive(Clone, Debug, ClapArgs)]
#[command(next_help_heading = "Reading")]
pub(crate) struct ReadArgs {
    /// auto, sse, ndjson, json-seq, json-array, concat or text
    #[arg(long, default_value = "auto", value_name = "F")]
    pub(crate) format: Format,
    /// Read an LLM's reply in this dialect: auto, openai-chat, anthropic, and others (see below)
    #[arg(long, value_name = "D", value_parser = dialect)]
    pub(crate) dialect: Option<Dialect>,
    /// The end marker, without which the stream is truncated: DATA, event:NAME or json:PATH=VALUE; or none [default: [DONE], which may be missing]
    #[arg(long, value_name = "M", value_parser = marker, allow_hyphen_values = true)]
    pub(crate) end_on: Vec<MarkerArg>,
    /// The marker of a failure that the server reports, or none [default: event:error, but none with --follow]
    #[arg(long, value_name = "M", value_parser = marker, allow_hyphen_values = true)]
    pub(crate) fail_on: Vec<MarkerArg>,
    /// The marker of a heartbeat, which is read as a comment [default: none]
    #[arg(long, value_name = "M", value_parser = marker, allow_hyphen_values = true)]
    pub(crate) heartbeat_on: Vec<MarkerArg>,
    /// The largest event that is read, in bytes
    #[arg(long, value_name = "N", default_value_t = tidewire::core::DEFAULT_MAX_EVENT_BYTES, allow_negative_numbers = true)]
    pub(crate) max_event_bytes: usize,
    /// Skip larger events, and report each
    #[arg(long)]
    pub(crate) skip_oversized: bool,
    /// Deliver an SSE event whose blank line is missing at the end of the body
    #[arg(long)]
    pub(crate) deliver_unterminated: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct GetArgs {
    /// The URL; http:// may be left out
    pub(crate) url: String,
    #[command(flatten)]
    pub(crate) request: RequestArgs,
    #[command(flatten)]
    pub(crate) print: PrintArgs,
    #[command(flatten)]
    pub(crate) read: ReadArgs,
    #[command(flatten)]
    pub(crate) retry: RetryArgs,
    #[command(flatten)]
    pub(crate) timeouts: TimeoutArgs,
}

/// The request.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Request")]
pub(crate) struct RequestArgs {
    /// The method [default: POST if there is data, else GET]
    #[arg(short = 'X', long = "request", value_name = "METHOD")]
    pub(crate) method: Option<String>,
    /// A header, written 'Name: value'; @FILE or @- reads one per line
    #[arg(short = 'H', long, value_name = "HEADER")]
    pub(crate) header: Vec<String>,
    /// The body, sent as a form unless -H sets another content type; @FILE or @- reads it; several are joined by &
    #[arg(short = 'd', long, value_name = "DATA", conflicts_with = "json", allow_hyphen_values = true)]
    pub(crate) data: Vec<String>,
    /// The body, sent as JSON; @FILE or @- reads it
    #[arg(long, value_name = "JSON", allow_hyphen_values = true)]
    pub(crate) json: Option<String>,
    /// A header whose value is secret: no redirect takes it to another origin, and no recording has it (names like Authorization, Cookie or X-Api-Key always are)
    #[arg(long, value_name = "NAME")]
    pub(crate) secret_header: Vec<String>,
}

/// What is printed and recorded.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Output")]
pub(crate) struct PrintArgs {
    /// pretty (for people), events (JSON lines), data (that of each event) or text (nothing else)
    #[arg(long, value_enum, hide_possible_values = true, value_name = "WHAT", default_value_t = Output::Pretty)]
    pub(crate) output: Output,
    /// Stop after N events, or N deltas with a dialect [default: no limit]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) max_events: Option<u64>,
    /// Record the responses to a file for `serve --scenario FILE`; - prints the recording and nothing else
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
    /// Print times, counts and sizes to standard error at the end
    #[arg(long)]
    pub(crate) stats: bool,
}

/// When the request is sent again, and how it continues.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Reconnecting")]
pub(crate) struct RetryArgs {
    /// Subscribe: connect again after every clean end or break
    #[arg(long)]
    pub(crate) follow: bool,
    /// Continue after the last event id when the stream breaks: auto (if the request is idempotent), always or never
    #[arg(long, value_enum, hide_possible_values = true, value_name = "WHEN", default_value_t = ResumeArg::Auto)]
    pub(crate) resume: ResumeArg,
    /// Start after this event id, where an earlier stream stopped
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub(crate) last_event_id: Option<String>,
    /// The request may be sent more than once, as GET and HEAD may
    #[arg(long)]
    pub(crate) idempotent: bool,
    /// The same, and every attempt carries this Idempotency-Key
    #[arg(long, value_name = "KEY", conflicts_with = "idempotent", allow_hyphen_values = true)]
    pub(crate) idempotency_key: Option<String>,
    /// Drop events that were already delivered, by their ids, when a resumed response repeats them
    #[arg(long)]
    pub(crate) dedupe: bool,
    /// How many retries in a row
    #[arg(long, value_name = "N", default_value_t = 3, allow_negative_numbers = true)]
    pub(crate) retry_attempts: u32,
    /// The longest first wait; it doubles with each retry, up to 30 s
    #[arg(long, value_name = "MS", default_value_t = 1000, allow_negative_numbers = true)]
    pub(crate) retry_delay: u64,
}

/// How long things may take.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Timeouts, in milliseconds; 0 turns one off")]
pub(crate) struct TimeoutArgs {
    /// The whole stream, all attempts
    #[arg(long, value_name = "MS", default_value_t = 0, allow_negative_numbers = true)]
    pub(crate) timeout: u64,
    /// Until TCP and TLS are established
    #[arg(long, value_name = "MS", default_value_t = 10_000, allow_negative_numbers = true)]
    pub(crate) connect_timeout: u64,
    /// From sending the request to the first event
    #[arg(long, value_name = "MS", default_value_t = 0, allow_negative_numbers = true)]
    pub(crate) first_event_timeout: u64,
    /// Silence on the wire
    #[arg(long, value_name = "MS", default_value_t = 300_000, allow_negative_numbers = true)]
    pub(crate) idle_timeout: u64,
    /// Time without an event; comments and heartbeats do not count
    #[arg(long, value_name = "MS", default_value_t = 0, allow_negative_numbers = true)]
    pub(crate) progress_timeout: u64,
    /// Silence on the wire that is reported, but not cut
    #[arg(long, value_name = "MS", default_value_t = 15_000, allow_negative_numbers = true)]
    pub(crate) stall_after: u64,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct DecodeArgs {
    #[command(flatten)]
    pub(crate) read: ReadArgs,
    /// Cut the input into pieces of N bytes, or of random sizes (random:SEED) [default: as it arrives]
    #[arg(long, value_name = "N|random:SEED", allow_negative_numbers = true)]
    pub(crate) chunk: Option<Chunking>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    Pretty,
    Events,
    Data,
    Text,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ResumeArg {
    Auto,
    Always,
    Never,
}

/// The value of a marker option: a marker, or the word `none`.
#[derive(Clone, Debug)]
pub(crate) enum MarkerArg {
    None,
    Marker(Marker),
}

/// How `decode` cuts its input.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Chunking {
    Size(usize),
    Random(u64),
}

/// A dialect by its name, or by the file of its table.
fn dialect(name: &str) -> Result<Dialect, String> {
    if !name.starts_with("generic:") && (name.contains('/') || name.ends_with(".json")) {
        let text = std::fs::read_to_string(name).map_err(|error| format!("{name}: {error}"))?;
        return Dialect::from_table(&text).map_err(|error| format!("{name}, {error}"));
    }
    name.parse().map_err(|error: UnknownDialect| error.to_string())
}

fn marker(text: &str) -> Result<MarkerArg, tidewire::core::InvalidMarker> {
    Ok(if text == "none" { MarkerArg::None } else { MarkerArg::Marker(text.parse()?) })
}

impl std::str::FromStr for Chunking {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = match text.strip_prefix("random:") {
            Some(seed) => seed.parse().ok().map(Self::Random),
            None => text.parse().ok().filter(|size| *size > 0).map(Self::Size),
        };
        parsed.ok_or("write a number of bytes from 1 up, or random:SEED with a number for SEED")
    }
}

impl From<ResumeArg> for Resume {
    fn from(arg: ResumeArg) -> Self {
        match arg {
            ResumeArg::Auto => Self::Auto,
            ResumeArg::Always => Self::Always,
            ResumeArg::Never => Self::Never,
        }
    }
}

impl ReadArgs {
    /// The markers. For end and failure markers, `None` means the defaults, and an empty list means no markers.
    pub(crate) fn markers(&self) -> Result<tidewire::core::Markers, String> {
        Ok(tidewire::core::Markers {
            end_on: markers("--end-on", &self.end_on)?,
            fail_on: markers("--fail-on", &self.fail_on)?,
            heartbeat_on: markers("--heartbeat-on", &self.heartbeat_on)?.unwrap_or_default(),
        })
    }

    /// The decoder's limits.
    pub(crate) fn options(&self) -> tidewire::core::DecoderOptions {
        tidewire::core::DecoderOptions {
            max_event_bytes: self.max_event_bytes,
            skip_oversized: self.skip_oversized,
            deliver_unterminated: self.deliver_unterminated,
            ..Default::default()
        }
    }
}

fn markers(option: &str, given: &[MarkerArg]) -> Result<Option<Vec<Marker>>, String> {
    let declared: Vec<Marker> = given
        .iter()
        .filter_map(|arg| match arg {
            MarkerArg::None => None,
            MarkerArg::Marker(marker) => Some(marker.clone()),
        })
        .collect();
    match (given.len(), declared.len()) {
        (0, _) => Ok(None),
        (given, declared) if given > 0 && declared == 0 => Ok(Some(Vec::new())),
        (given, count) if given == count => Ok(Some(declared)),
        _ => Err(format!("{option} none excludes other markers; write either none or the markers")),
    }
}
