//! `cargo xtask demo --web`: a page that streams a reply, and a button that cuts its connection.

use std::process::Command;
use std::time::Instant;

use super::child::Server;
use super::{PATIENCE, heading};
use crate::report::{bold, say};
use crate::run::{Trouble, run as run_command};
use crate::{npm, web};

/// Builds what the page needs and serves it until Ctrl-C.
pub(super) fn show(port: u16) -> Result<(), Trouble> {
    heading(2, "Build the npm package");
    npm::set_up()?;
    npm::build_package()?;

    heading(3, "Build the front end in Rust (a few minutes the first time)");
    let rust = web::front_end()?;

    heading(4, "Start a scripted upstream, on this machine only");
    let server = Server::start(Instant::now() + PATIENCE)?;

    heading(5, "Serve the page");
    say!("  {} at the address below, LLM replies at /llm.html there;", bold("JavaScript"));
    say!("  {} at /rust/; Ctrl-C ends it", bold("Rust"));
    let mut page = Command::new("node");
    page.arg("examples/page/server.mjs").env("SERVE", server.url("")).env("RUST_PAGE", rust);
    match run_command(page.env("PORT", port.to_string())) {
        // Ctrl-C is how it is meant to end.
        Err(Trouble::Interrupted) => Ok(()),
        other => other,
    }
}
