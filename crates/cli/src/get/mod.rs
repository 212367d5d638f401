//! `tidewire get`: a URL's stream on standard output.

mod advice;
mod pretty;
mod printer;
mod record;
mod said;

use std::borrow::Cow;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

use tidewire::{Client, Error, Frame, Outcome, Request, Streaming};
use tokio::sync::oneshot::Receiver;

pub(crate) use self::advice::what_to_do;
use self::printer::Printer;
use self::record::Recorder;
use crate::args::{GetArgs, Output};
use crate::stop::{self, Stop};
use crate::{data, exit};

/// Streams the URL to its end.
pub(crate) async fn run(args: GetArgs) -> ExitCode {
    let request = match request(&args) {
        Ok(request) => request,
        Err(message) => return exit::bad_option(&message),
    };
    let recorder = match args.print.record.as_deref().map(Recorder::open).transpose() {
        Ok(recorder) => recorder,
        Err(message) => return exit::fault(&message),
    };
    let request = match &recorder {
        Some(recorder) => recorder.attach(request),
        None => request,
    };
    let mut run = Run {
        stream: request.frames(),
        printer: match &recorder {
            Some(recorder) if recorder.takes_standard_output() => Printer::Nothing,
            _ => Printer::new(args.print.output),
        },
        recorder,
        ended: Ended::ByItself,
    };
    let done = run.read(args.print.max_events.unwrap_or(u64::MAX), stop::watch()).await;
    done.and_then(|()| run.conclude(&args)).unwrap_or_else(|error| exit::cannot_write(&error))
}

/// A stream and where it goes.
struct Run {
    stream: Streaming<Frame>,
    printer: Printer,
    recorder: Option<Recorder>,
    ended: Ended,
}

/// Why reading stopped.
enum Ended {
    /// The stream came to its end.
    ByItself,
    /// `--max-events` were printed.
    Enough,
    /// A signal came.
    Interrupted,
    /// The recording cannot be written.
    Unrecorded(String),
    /// The request could not be made.
    Unusable(String),
}

impl Run {
    /// Reads and prints. The error is one of standard output.
    async fn read(&mut self, mut left: u64, mut stopped: Receiver<Stop>) -> io::Result<()> {
        if left == 0 {
            self.close(Ended::Enough);
        }
        loop {
            let item = tokio::select! {
                biased;
                stop = &mut stopped, if self.is_open() => {
                    if !matches!(stop, Ok(Stop::Signal)) {
                        return Err(io::ErrorKind::BrokenPipe.into());
                    }
                    self.close(Ended::Interrupted);
                    continue;
                }
                item = self.stream.next() => item,
            };
            if let Some(problem) = self.recorder.as_ref().and_then(Recorder::problem) {
                self.close(Ended::Unrecorded(problem));
            }
            match item {
                // What was ready when the stream was closed is not wanted any more.
                Some(Ok(frame)) if self.is_open() => {
                    self.printer.frame(&frame)?;
                    if matches!(
                        frame,
                        Frame::Event(_) | Frame::Record { .. } | Frame::Text(_) | Frame::Delta(_)
                    ) {
                        left -= 1;
                    }
                    if left == 0 {
                        self.close(Ended::Enough);
                    }
                }
                Some(Ok(_) | Err(Error::Ended(_))) => {}
                Some(Err(error)) if error.is_last() => self.ended = Ended::Unusable(error.to_string()),
                Some(Err(error)) => exit::tell(&error.to_string()),
                None => return Ok(()),
            }
        }
    }

    fn is_open(&self) -> bool {
        matches!(self.ended, Ended::ByItself)
    }

    fn close(&mut self, why: Ended) {
        self.stream.close();
        self.ended = why;
    }

    /// Prints the end. The error is one of standard output.
    fn conclude(&mut self, args: &GetArgs) -> io::Result<ExitCode> {
        if let Ended::Unusable(problem) = &self.ended {
            return Ok(exit::bad_option(problem));
        }
        let Some(ending) = self.stream.end() else { return Ok(exit::fault("the stream has no end")) };
        self.printer.end(ending, self.stream.dialect())?;
        if args.print.stats {
            printer::stats(&ending.stats);
        }
        let cancelled = ending.outcome == Outcome::Cancelled;
        Ok(match &self.ended {
            Ended::Unrecorded(problem) => exit::fault(problem),
            Ended::Enough if cancelled => ExitCode::SUCCESS,
            // The summary says it already.
            Ended::Interrupted if cancelled && args.print.output == Output::Pretty => {
                exit::of(&ending.outcome)
            }
            _ => {
                if !ending.is_success() {
                    exit::tell(&what_to_do(ending));
                }
                exit::of(&ending.outcome)
            }
        })
    }
}

fn request(args: &GetArgs) -> Result<Request, String> {
    let connect_timeout = Duration::from_millis(args.limits.connect_timeout);
    let client = Client::builder().connect_timeout(connect_timeout).build();
    let body = data::body(&args.request.data, args.request.json.as_deref())?;
    let method = match (&args.request.method, &body) {
        (Some(method), _) => method.as_str(),
        (None, Some(_)) => "POST",
        (None, None) => "GET",
    };
    let Ok(method) = method.parse() else {
        return Err(format!("-X {method:?} is no HTTP method; write GET, POST, PUT, …"));
    };
    let mut request = client.request(method, url(&args.url));
    if let Some(body) = body {
        request = request.header("content-type", body.content_type).body(body.bytes);
    }
    for (name, value) in data::headers(&args.request.header)? {
        request = request.header(&name, &value);
    }
    args.apply(request)
}

/// The URL as people type it: without a scheme it is one of HTTP.
fn url(given: &str) -> Cow<'_, str> {
    let scheme = given.split_once("://").map(|(scheme, _)| scheme);
    match scheme {
        Some(scheme) if scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)) => {
            Cow::Borrowed(given)
        }
        _ => Cow::Owned(format!("http://{given}")),
    }
}
