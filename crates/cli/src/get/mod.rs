//! `tidewire get`: streams a URL to standard output.

mod figures;
mod frame_text;
mod pretty;
mod printer;
mod record;
mod request;
mod text_output;

use std::io;
use std::process::ExitCode;

use tidewire::{Error, Frame, Outcome, Streaming};
use tokio::sync::oneshot::Receiver;

use self::printer::{Printer, print_stats};
use self::record::Recorder;
use self::request::request;
use crate::advice::{self, Situation};
use crate::args::{GetArgs, Output};
use crate::exit;
use crate::stop::{self, Interrupt};

/// Streams the URL to its end.
pub(crate) async fn run(args: GetArgs) -> ExitCode {
    let (request, situation) = match request(&args) {
        Ok(request) => request,
        Err(message) => return exit::usage_error(&message),
    };
    let open = |path| Recorder::open(path, &args.request.secret_header);
    let recorder = match args.print.record.as_deref().map(open).transpose() {
        Ok(recorder) => recorder,
        Err(message) => return exit::write_error(&message),
    };
    let request = match &recorder {
        Some(recorder) => recorder.attach(request),
        None => request,
    };
    let mut transfer = Transfer {
        stream: request.frames(),
        printer: match &recorder {
            Some(recorder) if recorder.takes_standard_output() => Printer::Nothing,
            _ => Printer::new(args.print.output),
        },
        recorder,
        stop_reason: StopReason::StreamEnded,
        has_records: false,
        has_resumed: false,
    };
    let read = transfer.read(args.print.max_events.unwrap_or(u64::MAX), stop::watch()).await;
    read.and_then(|()| transfer.conclude(&args, situation)).unwrap_or_else(|error| exit::stdout_error(&error))
}

/// A stream that is being read, printed and recorded.
struct Transfer {
    stream: Streaming<Frame>,
    printer: Printer,
    recorder: Option<Recorder>,
    stop_reason: StopReason,
    /// A record has arrived.
    has_records: bool,
    /// A further request was made after the first record.
    has_resumed: bool,
}

/// Why reading stopped.
enum StopReason {
    /// The stream ended.
    StreamEnded,
    /// `--max-events` were printed.
    EnoughEvents,
    /// A signal arrived.
    Signal,
    /// The recording cannot be written.
    RecordingFailed(String),
    /// The request cannot be made.
    InvalidRequest(String),
}

impl Transfer {
    /// Reads and prints the stream. An error is one of standard output.
    async fn read(&mut self, mut left: u64, mut interrupt: Receiver<Interrupt>) -> io::Result<()> {
        if left == 0 {
            self.close(StopReason::EnoughEvents);
        }
        loop {
            let item = tokio::select! {
                biased;
                interrupt = &mut interrupt, if self.is_open() => {
                    if !matches!(interrupt, Ok(Interrupt::Signal)) {
                        return Err(io::ErrorKind::BrokenPipe.into());
                    }
                    self.close(StopReason::Signal);
                    continue;
                }
                item = self.stream.next() => item,
            };
            if let Some(problem) = self.recorder.as_ref().and_then(Recorder::problem) {
                self.close(StopReason::RecordingFailed(problem));
            }
            match item {
                // Frames that were ready when the stream was closed are dropped.
                Some(Ok(frame)) if self.is_open() => {
                    self.printer.frame(&frame)?;
                    if matches!(
                        frame,
                        Frame::Event(_) | Frame::Record { .. } | Frame::Text(_) | Frame::Delta(_)
                    ) {
                        left -= 1;
                        self.has_records = true;
                    }
                    self.has_resumed |= self.has_records && matches!(frame, Frame::Attempt(_));
                    if left == 0 {
                        self.close(StopReason::EnoughEvents);
                    }
                }
                Some(Ok(_) | Err(Error::Ended(_))) => {}
                Some(Err(error)) if error.is_last() => {
                    self.stop_reason = StopReason::InvalidRequest(error.to_string());
                }
                Some(Err(error)) => exit::print_error(&error.to_string()),
                None => return Ok(()),
            }
        }
    }

    fn is_open(&self) -> bool {
        matches!(self.stop_reason, StopReason::StreamEnded)
    }

    fn close(&mut self, reason: StopReason) {
        self.stream.close();
        self.stop_reason = reason;
    }

    /// Prints the end. The error is one of standard output.
    fn conclude(&mut self, args: &GetArgs, mut situation: Situation) -> io::Result<ExitCode> {
        if situation.could_resume && self.has_resumed {
            // A relay keeps the response, and it was continued there: no option does more, and the cursor is the relay's.
            situation.could_resume = false;
            situation.continues_by_id = false;
        }
        if let StopReason::InvalidRequest(problem) = &self.stop_reason {
            return Ok(exit::usage_error(problem));
        }
        let Some(end) = self.stream.end() else {
            return Ok(exit::write_error("the stream has no end"));
        };
        self.printer.end(end, self.stream.dialect())?;
        if args.print.stats {
            print_stats(&end.stats);
        }
        let is_cancelled = end.outcome == Outcome::Cancelled;
        Ok(match &self.stop_reason {
            StopReason::RecordingFailed(problem) => exit::write_error(problem),
            StopReason::EnoughEvents if is_cancelled => ExitCode::SUCCESS,
            // The summary has already reported it.
            StopReason::Signal if is_cancelled && args.print.output == Output::Pretty => {
                exit::of(&end.outcome)
            }
            _ => {
                if !end.is_success() {
                    exit::print_error(&advice::describe(end, situation));
                }
                exit::of(&end.outcome)
            }
        })
    }
}
