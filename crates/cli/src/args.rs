//! The arguments of the command.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use tidewire::{Format, Marker, Request, Resume};

use crate::serve::ServeArgs;

/// Streams HTTP replies, tells truthfully how they ended, and rehearses the ways in which they fail.
#[derive(Debug, Parser)]
#[command(name = "tidewire", version, arg_required_else_help = true, disable_help_subcommand = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Stream a URL.
    Get(Box<GetArgs>),
    /// Decode standard input to events, one JSON object a line.
    Decode(DecodeArgs),
    /// A scripted upstream: demo replies, every fault, or what `get --record` wrote.
    Serve(ServeArgs),
}

/// What a record means for the stream, and how large one may be.
#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct ReadArgs {
    /// How the body is cut into records: auto, sse, ndjson, json-seq, json-array, concat or text.
    #[arg(long, default_value = "auto", value_name = "F")]
    pub(crate) format: Format,
    /// An end marker that must come: [DONE], event:close, json:done=true; `none` turns the default [DONE] off.
    #[arg(long, value_name = "M", value_parser = marker)]
    pub(crate) end_on: Vec<MarkerArg>,
    /// A failure marker, in the place of event:error; `none` turns that off.
    #[arg(long, value_name = "M", value_parser = marker)]
    pub(crate) fail_on: Vec<MarkerArg>,
    /// A heartbeat: read as a comment.
    #[arg(long, value_name = "M")]
    pub(crate) heartbeat_on: Vec<Marker>,
    /// The most bytes that one event may have.
    #[arg(long, value_name = "N", default_value_t = tidewire::core::DEFAULT_MAX_EVENT_BYTES)]
    pub(crate) max_event_bytes: usize,
    /// Pass over events that are larger, and say so.
    #[arg(long)]
    pub(crate) skip_oversized: bool,
    /// Hand over an SSE event that lacks its blank line at the end of the body.
    #[arg(long)]
    pub(crate) deliver_unterminated: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct GetArgs {
    /// Where to; http:// may be left out.
    pub(crate) url: String,
    /// The method; POST by default when there is data, else GET.
    #[arg(short = 'X', long, value_name = "METHOD")]
    pub(crate) request: Option<String>,
    /// A header: 'Name: value'; @FILE reads one a line.
    #[arg(short = 'H', long, value_name = "HEADER")]
    pub(crate) header: Vec<String>,
    /// The body, sent as form data unless a header says otherwise; @FILE or @- reads it. Several are joined with &.
    #[arg(short = 'd', long, value_name = "DATA", conflicts_with = "json")]
    pub(crate) data: Vec<String>,
    /// The body, sent as JSON; @FILE or @- reads it.
    #[arg(long, value_name = "JSON")]
    pub(crate) json: Option<String>,
    #[command(flatten)]
    pub(crate) read: ReadArgs,
    /// A subscription: connect again after every clean end or break.
    #[arg(long)]
    pub(crate) follow: bool,
    /// What to print.
    #[arg(long, value_enum, default_value_t = Output::Pretty)]
    pub(crate) output: Output,
    /// Write what comes over the wire to a scenario file, for `serve --scenario FILE`; - is standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
    /// Whether to resume behind the last event id: idempotent requests (auto), all, or none.
    #[arg(long, value_enum, default_value_t = ResumeArg::Auto)]
    pub(crate) resume: ResumeArg,
    /// Where an earlier stream stopped.
    #[arg(long, value_name = "ID")]
    pub(crate) last_event_id: Option<String>,
    /// Sending the request twice does no more than sending it once.
    #[arg(long)]
    pub(crate) idempotent: bool,
    /// The same, with one Idempotency-Key for all attempts.
    #[arg(long, value_name = "KEY", conflicts_with = "idempotent")]
    pub(crate) idempotency_key: Option<String>,
    /// How many times in a row to try again.
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub(crate) retry_attempts: u32,
    /// The upper bound of the first wait; it doubles up to 30 s.
    #[arg(long, value_name = "MS", default_value_t = 1000)]
    pub(crate) retry_delay: u64,
    /// The whole stream, all attempts; 0 is no limit, here and below.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub(crate) timeout: u64,
    /// Until TCP and TLS stand.
    #[arg(long, value_name = "MS", default_value_t = 10_000)]
    pub(crate) connect_timeout: u64,
    /// From sending the request to the first event.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub(crate) first_event_timeout: u64,
    /// Silence on the wire.
    #[arg(long, value_name = "MS", default_value_t = 300_000)]
    pub(crate) idle_timeout: u64,
    /// Silence of events; comments and heartbeats do not count.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub(crate) progress_timeout: u64,
    /// Silence on the wire that is told, but not cut.
    #[arg(long, value_name = "MS", default_value_t = 15_000)]
    pub(crate) stall_after: u64,
    /// Stop after so many events.
    #[arg(long, value_name = "N")]
    pub(crate) max_events: Option<u64>,
    /// Print what the stream took, on standard error.
    #[arg(long)]
    pub(crate) stats: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct DecodeArgs {
    #[command(flatten)]
    pub(crate) read: ReadArgs,
    /// Cut the input anew: into pieces of N bytes, or of random sizes (random:SEED).
    #[arg(long, value_name = "N|random:SEED")]
    pub(crate) chunk: Option<Chunking>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people: text as it comes, what happens on the way, a summary.
    Pretty,
    /// One JSON object a line.
    Events,
    /// The data of each event.
    Data,
    /// Nothing but the text.
    Text,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ResumeArg {
    Auto,
    Always,
    Never,
}

/// A marker, or the word `none`.
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
        parsed.ok_or("write a number of bytes from 1 on, or random:SEED with a number for SEED")
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
    /// The end and failure markers: `None` for the defaults, an empty list for none.
    pub(crate) fn markers(&self) -> Result<tidewire::core::Markers, String> {
        Ok(tidewire::core::Markers {
            end_on: markers("--end-on", &self.end_on)?,
            fail_on: markers("--fail-on", &self.fail_on)?,
            heartbeat_on: self.heartbeat_on.clone(),
        })
    }

    /// The decoder's limits.
    pub(crate) fn options(&self) -> tidewire::core::Options {
        tidewire::core::Options {
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
        _ => Err(format!("{option} none stands beside other markers; write either none or the markers")),
    }
}

impl GetArgs {
    /// Puts all options that a request knows on it.
    pub(crate) fn apply(&self, mut request: Request) -> Result<Request, String> {
        let ms = Duration::from_millis;
        let markers = self.read.markers()?;
        request = request
            .format(self.read.format)
            .max_event_bytes(self.read.max_event_bytes)
            .resume(self.resume.into())
            .retry_attempts(self.retry_attempts)
            .retry_delay(ms(self.retry_delay))
            .timeout(ms(self.timeout))
            .first_event_timeout(ms(self.first_event_timeout))
            .idle_timeout(ms(self.idle_timeout))
            .progress_timeout(ms(self.progress_timeout))
            .stall_after(ms(self.stall_after))
            .markers(markers);
        if self.read.skip_oversized {
            request = request.skip_oversized();
        }
        if self.read.deliver_unterminated {
            request = request.deliver_unterminated();
        }
        if self.follow {
            request = request.follow();
        }
        if self.idempotent {
            request = request.idempotent();
        }
        if let Some(key) = &self.idempotency_key {
            request = request.idempotency_key(key);
        }
        if let Some(id) = &self.last_event_id {
            request = request.last_event_id(id);
        }
        Ok(request)
    }
}
