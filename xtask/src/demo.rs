//! `cargo xtask demo`: streams an LLM reply, then the same over a network that cuts it every few events.

mod child;
mod received;
mod web;

use std::process::Command;
use std::time::{Duration, Instant};

use crate::report::{bold, dim, green, say, spent, yellow};
use crate::run::{Trouble, run as run_command};
use child::{Lines, Server};
use received::{Line, Received};

/// Builds the command, then runs for about 20 seconds, on this machine only.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Show it in a browser: a page with a button that cuts the connection, until Ctrl-C
    #[arg(long)]
    web: bool,
    /// With --web: the port of the page; any that is free by default
    #[arg(long, requires = "web", default_value_t = 0)]
    port: u16,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Trouble> {
    heading(1, "Build the `tidewire` command (a few minutes the first time)");
    // The folder is given so that the program is found below, whatever the user's cargo settings.
    let build = ["build", "--package", "tidewire-cli", "--target-dir", "target"];
    run_command(Command::new("cargo").args(build))?;
    if arguments.web { web::show(arguments.port) } else { terminal() }
}

fn terminal() -> Result<(), Trouble> {
    let deadline = Instant::now() + PATIENCE;
    heading(2, "Start a scripted upstream, on this machine only");
    let server = Server::start(deadline)?;

    heading(3, "A reply as a model streams it");
    child::show(&["get", &server.url("/chat")], deadline)?;

    heading(4, "An unreliable network: the same command, cut every few events, inside events and characters");
    // Started first, and not shown: the same stream without a cut, for the comparison.
    let uncut = Lines::of(&["get", "--output", "events", &server.url("/flaky?cuts=0")], deadline)?;
    let mut lines = Lines::shown(
        &["get", "--output", "events", RETRY_DELAY[0], RETRY_DELAY[1], &server.url("/flaky")],
        deadline,
    )?;
    let (received, took) = follow(&mut lines)?;
    let wanted = gather(uncut)?;

    heading(5, "Was anything lost or doubled?");
    summarize(&received, &wanted, took)?;
    drop(server);
    try_next();
    Ok(())
}

/// The demo ends within this time after the build.
const PATIENCE: Duration = Duration::from_secs(30);
/// Shorter than the default, so that nobody waits for the retries.
const RETRY_DELAY: [&str; 2] = ["--retry-delay", "250"];

/// Prints the stream as it arrives: the text, and each lost connection.
fn follow(lines: &mut Lines) -> Result<(Received, Duration), Trouble> {
    let started = Instant::now();
    let mut received = Received::default();
    while let Some(line) = lines.next()? {
        let line = Line::read(&line)?;
        match &line {
            Line::Event { .. } => print_text(&line.text()),
            Line::Attempt { attempt, delay_ms, reason, cursor } => {
                let after =
                    cursor.as_ref().map(|id| format!(", continuing after event {id}")).unwrap_or_default();
                let what = format!("✂ cut ({reason}): request {attempt} in {delay_ms} ms{after}");
                say!("{}", yellow(format!("\n  {what}")));
            }
            Line::End { .. } | Line::Other => {}
        }
        received.add(line);
    }
    say!();
    Ok((received, started.elapsed()))
}

fn gather(mut lines: Lines) -> Result<Received, Trouble> {
    let mut received = Received::default();
    while let Some(line) = lines.next()? {
        received.add(Line::read(&line)?);
    }
    Ok(received)
}

fn print_text(text: &str) {
    use std::io::Write;
    anstream::print!("{text}");
    // Text without a newline would wait in the buffer; a closed pipe shows at the next line.
    let _ = anstream::stdout().flush();
}

fn summarize(received: &Received, wanted: &Received, took: Duration) -> Result<(), Trouble> {
    received.same_as(wanted)?;
    let count = received.ids.len();
    let ends = received.ids.first().zip(received.ids.last());
    let range =
        ends.map(|(first, last)| format!(", ids {first} to {last}, each exactly once")).unwrap_or_default();
    row("events", format!("{count}{range}"));
    row("text", format!("{} characters, the same as in a run without cuts", received.text.chars().count()));
    row("cuts survived", received.cuts);
    row("requests", received.requests);
    row("bytes", received.bytes);
    row("outcome", &received.outcome);
    row("took", spent(took));
    if received.cuts == 0 {
        return Err(Trouble::Failed("the stream was never cut, so this proved nothing".into()));
    }
    say!("{}", green("nothing lost, nothing doubled"));
    Ok(())
}

fn try_next() {
    say!("\n{}", bold("Try next"));
    for (line, why) in [
        ("target/debug/tidewire serve", "the same upstream to play with; it lists its scenarios"),
        ("target/debug/tidewire get URL", "your own endpoint; -d or --json makes it a POST"),
        ("target/debug/tidewire get --output events URL", "one JSON object per line, the outcome last"),
        ("cargo xtask demo --web", "a page in the browser, with a button that cuts the connection"),
        ("cargo xtask test", "everything that is checked"),
    ] {
        say!("  {line:<50} {}", dim(why));
    }
}

fn heading(number: u32, what: &str) {
    say!("\n{}", bold(format!("{number}  {what}")));
}

fn row(name: &str, value: impl std::fmt::Display) {
    say!("  {name:<14} {value}");
}
