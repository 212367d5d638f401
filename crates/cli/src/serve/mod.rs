//! A scripted upstream: demo replies, every fault, or what `get --record` wrote.
//!
//! ```text
//! request ─▶ routes ─▶ scenario (named, or a file) ─▶ Script of steps ─▶ body ─▶ connection
//!    └──────────────────────────── log ◀──────────────────────────────────┘
//! ```
//!
//! Every scenario, named or read from a file, answers with a script: a timeline of bytes, pauses and cuts whose steps are made when
//! they are played. Query parameters change scripts (`script`, `encoding`), and one player makes them bodies (`body`).
//!
//! Modules import each other in one direction only; `tests/cli/arrows` has their order.

mod access;
mod body;
mod command;
mod connection;
mod encoding;
mod log;
mod params;
mod response;
mod routes;
mod scenario;
pub mod scenario_file;
mod scenarios;
mod script;
mod server;
#[cfg(test)]
mod tests;
mod texts;
mod tls;

pub use self::{
    access::Cors,
    command::{ServeArgs, run},
    log::{Ended, LogLine, LogSink, RequestLog, ResponseLog},
    scenario::Scenario,
    scenario_file::{ScenarioFile, ScenarioFileError},
    scenarios::{ALL as SCENARIOS, NamedScenario, REPLY_SHAPES, ReplyShape},
    server::{ServeConfig, Server},
    texts::{flaky_text, prompt_text, reply_text},
    tls::{TlsError, TlsIdentity},
};
