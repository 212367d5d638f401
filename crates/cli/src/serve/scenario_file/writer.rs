//! Records a stream as a scenario file.

use std::{
    io::{self, Write},
    str,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{HeadLine, Line, Yes, is_framing};
use crate::serve::log::is_secret;

/// Writes a scenario file while a stream is read, so that it can be played back.
///
/// It has no clock: each call says how long after its request was sent a thing came. Headers that look like
/// secrets (`Set-Cookie`, tokens) are left out, and so are those that describe the body as it was on the wire
/// (`Content-Length`, `Content-Encoding`), since what is recorded is the decoded body.
///
/// ```
/// # use std::time::Duration;
/// # use tidewire_cli::serve::{ScenarioFile, scenario_file::Writer};
/// let mut file = Vec::new();
/// let mut writer = Writer::new(&mut file);
/// writer.response(200, [("content-type", "text/event-stream")], Duration::from_millis(80))?;
/// writer.bytes(b"data: hello\n\n", Duration::from_millis(200))?;
/// writer.cut(Duration::from_millis(900))?;
///
/// assert_eq!(str::from_utf8(&file)?, r#"{"wait_ms":80}
/// {"response":{"status":200,"headers":[["content-type","text/event-stream"]]}}
/// {"wait_ms":120}
/// {"text":"data: hello\n\n"}
/// {"wait_ms":700}
/// {"cut":true}
/// "#);
/// assert_eq!(str::from_utf8(&file)?.parse::<ScenarioFile>()?.responses(), 1);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    /// How far the timeline of the open response is written, in milliseconds; `None` between responses.
    at_ms: Option<u64>,
}

impl<W: Write> Writer<W> {
    /// A writer of an empty file.
    pub fn new(out: W) -> Self {
        Self { out, at_ms: None }
    }

    /// A head has come, `elapsed` after its request was sent. It begins the next response; one still open ends cleanly.
    ///
    /// # Errors
    /// What the writer below says; so for all methods.
    pub fn response<N: AsRef<str>, V: AsRef<str>>(
        &mut self,
        status: u16,
        headers: impl IntoIterator<Item = (N, V)>,
        elapsed: Duration,
    ) -> io::Result<()> {
        if self.at_ms.take().is_some() {
            self.json(&Line::End(Yes))?;
        }
        let kept = headers.into_iter().filter(|(name, _)| is_recorded(name.as_ref()));
        let headers =
            kept.map(|(name, value)| (name.as_ref().to_owned(), value.as_ref().to_owned())).collect();
        self.line(elapsed, &Line::Response(HeadLine { status, headers }))
    }

    /// A piece of the decoded body has come.
    ///
    /// # Errors
    /// As [`response`](Self::response).
    pub fn bytes(&mut self, bytes: &[u8], elapsed: Duration) -> io::Result<()> {
        let line = match str::from_utf8(bytes) {
            Ok(text) => Line::Text(text.to_owned()),
            Err(_) => Line::Base64(STANDARD.encode(bytes)),
        };
        self.line(elapsed, &line)
    }

    /// The connection broke, in the body or before the head.
    ///
    /// # Errors
    /// As [`response`](Self::response).
    pub fn cut(&mut self, elapsed: Duration) -> io::Result<()> {
        self.last_line(elapsed, &Line::Cut(Yes))
    }

    /// The body ended cleanly.
    ///
    /// # Errors
    /// As [`response`](Self::response).
    pub fn end(&mut self, elapsed: Duration) -> io::Result<()> {
        self.last_line(elapsed, &Line::End(Yes))
    }

    fn last_line(&mut self, elapsed: Duration, line: &Line) -> io::Result<()> {
        self.line(elapsed, line)?;
        self.at_ms = None;
        self.out.flush()
    }

    fn line(&mut self, elapsed: Duration, line: &Line) -> io::Result<()> {
        let now_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        // Differences of whole milliseconds, so that rounding does not add up.
        let at_ms = self.at_ms.unwrap_or(0);
        self.at_ms = Some(now_ms.max(at_ms));
        if let Some(wait_ms @ 1..) = now_ms.checked_sub(at_ms) {
            self.json(&Line::WaitMs(wait_ms))?;
        }
        self.json(line)
    }

    fn json(&mut self, line: &Line) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, line)?;
        self.out.write_all(b"\n")
    }
}

fn is_recorded(name: &str) -> bool {
    let of_the_wire =
        ["content-length", "content-encoding"].iter().any(|wire| name.eq_ignore_ascii_case(wire));
    !(of_the_wire || is_framing(name) || is_secret(name))
}
