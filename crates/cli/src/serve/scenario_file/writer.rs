//! Writes a scenario file while a stream is read.

use std::{
    io::{self, Write},
    str,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use tidewire::is_secret_name;

use super::format::{FileLine, ResponseLine, True, is_framing};
use crate::redact::redact_urls;

/// Writes a scenario file while a stream is read, so that it can be played again.
///
/// It has no clock: each call says how long it was since the request was sent. Headers with a secret name are left out, and the
/// secrets of URLs in other headers are hidden. Headers that describe the body on the wire (`Content-Length`, `Content-Encoding`)
/// are left out as well, since the decoded body is recorded.
///
/// ```
/// # use std::time::Duration;
/// # use tidewire_cli::serve::{ScenarioFile, scenario_file::ScenarioWriter};
/// let mut file = Vec::new();
/// let mut writer = ScenarioWriter::new(&mut file);
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
pub struct ScenarioWriter<W> {
    out: W,
    /// The time of the last line of the open response, in milliseconds; `None` between responses.
    at_ms: Option<u64>,
}

impl<W: Write> ScenarioWriter<W> {
    /// A writer to an empty file.
    pub fn new(out: W) -> Self {
        Self { out, at_ms: None }
    }

    /// Records a head that arrived `elapsed` after its request was sent. It begins the next response; one that is still open ends cleanly.
    ///
    /// # Errors
    /// The error of the writer that it writes to.
    pub fn response<N: AsRef<str>, V: AsRef<str>>(
        &mut self,
        status: u16,
        headers: impl IntoIterator<Item = (N, V)>,
        elapsed: Duration,
    ) -> io::Result<()> {
        if self.at_ms.take().is_some() {
            self.json(&FileLine::End(True))?;
        }
        let kept = headers.into_iter().filter(|(name, _)| is_recorded(name.as_ref()));
        let headers = kept
            .map(|(name, value)| (name.as_ref().to_owned(), redact_urls(value.as_ref(), &[]).into_owned()))
            .collect();
        self.line(elapsed, &FileLine::Response(ResponseLine { status, headers }))
    }

    /// Records a piece of the decoded body.
    ///
    /// # Errors
    /// As [`response`](Self::response).
    pub fn bytes(&mut self, bytes: &[u8], elapsed: Duration) -> io::Result<()> {
        let line = match str::from_utf8(bytes) {
            Ok(text) => FileLine::Text(text.to_owned()),
            Err(_) => FileLine::Base64(STANDARD.encode(bytes)),
        };
        self.line(elapsed, &line)
    }

    /// Records that the connection broke, in the body or before the head.
    ///
    /// # Errors
    /// As [`response`](Self::response).
    pub fn cut(&mut self, elapsed: Duration) -> io::Result<()> {
        self.last_line(elapsed, &FileLine::Cut(True))
    }

    /// Records that the body ended cleanly.
    ///
    /// # Errors
    /// As [`response`](Self::response).
    pub fn end(&mut self, elapsed: Duration) -> io::Result<()> {
        self.last_line(elapsed, &FileLine::End(True))
    }

    fn last_line(&mut self, elapsed: Duration, line: &FileLine) -> io::Result<()> {
        self.line(elapsed, line)?;
        self.at_ms = None;
        self.out.flush()
    }

    fn line(&mut self, elapsed: Duration, line: &FileLine) -> io::Result<()> {
        let now_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        // The times are rounded rather than the waits, so that errors do not add up.
        let at_ms = self.at_ms.unwrap_or(0);
        self.at_ms = Some(now_ms.max(at_ms));
        if let Some(wait_ms @ 1..) = now_ms.checked_sub(at_ms) {
            self.json(&FileLine::WaitMs(wait_ms))?;
        }
        self.json(line)
    }

    fn json(&mut self, line: &FileLine) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, line)?;
        self.out.write_all(b"\n")
    }
}

fn is_recorded(name: &str) -> bool {
    let describes_wire =
        ["content-length", "content-encoding"].iter().any(|wire| name.eq_ignore_ascii_case(wire));
    !(describes_wire || is_framing(name) || is_secret_name(name))
}
