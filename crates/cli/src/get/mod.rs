//! `tidewire get`: a URL's stream on standard output.

mod pretty;
mod printer;
mod record;
mod said;

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use tidewire::{Client, Ending, Error, Frame, Outcome, Request, Streaming};

use self::printer::Printer;
use self::record::Recorder;
use crate::args::GetArgs;
use crate::{data, exit};

/// Streams the URL to its end.
pub(crate) async fn run(args: GetArgs) -> ExitCode {
    let request = match request(&args) {
        Ok(request) => request,
        Err(message) => return exit::bad_option(&message),
    };
    let recorder = match args.record.as_deref().map(Recorder::open).transpose() {
        Ok(recorder) => recorder,
        Err(message) => return exit::fault(&message),
    };
    let request = match &recorder {
        Some(recorder) => recorder.attach(request),
        None => request,
    };
    let mut stream = request.frames();
    let mut printer = Printer::new(args.output);
    match stream_to_end(&mut stream, &mut printer, args.max_events, recorder.as_ref()).await {
        Ok(ended) => conclude(&args, &stream, &mut printer, &ended),
        // Whoever read standard output has gone: nothing is left to be done.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => exit::of(&Outcome::Cancelled),
        Err(error) => exit::fault(&format!("cannot write: {error}")),
    }
}

/// Why reading stopped.
enum Ended {
    /// The stream came to its end.
    ByItself,
    /// `--max-events` were printed.
    Enough,
    /// A signal came.
    Interrupted,
    /// The request could not be made.
    Unusable(String),
}

async fn stream_to_end(
    stream: &mut Streaming<Frame>,
    printer: &mut Printer,
    max_events: Option<u64>,
    recorder: Option<&Recorder>,
) -> io::Result<Ended> {
    let mut left = max_events.unwrap_or(u64::MAX);
    let mut ended = Ended::ByItself;
    if left == 0 {
        stream.close();
        ended = Ended::Enough;
    }
    let signal = interrupted();
    tokio::pin!(signal);
    loop {
        let item = tokio::select! {
            biased;
            () = &mut signal, if matches!(ended, Ended::ByItself) => {
                stream.close();
                ended = Ended::Interrupted;
                continue;
            }
            item = stream.next() => item,
        };
        if let Some(recorder) = recorder {
            recorder.check()?;
        }
        match item {
            Some(Ok(frame)) => {
                if matches!(ended, Ended::ByItself) {
                    printer.frame(&frame)?;
                    if matches!(frame, Frame::Event(_) | Frame::Record { .. } | Frame::Text(_)) {
                        left -= 1;
                    }
                    if left == 0 {
                        stream.close();
                        ended = Ended::Enough;
                    }
                }
            }
            Some(Err(Error::Ended(_))) => {}
            Some(Err(error)) if error.is_last() => return Ok(Ended::Unusable(error.to_string())),
            Some(Err(error)) => exit::tell(&error.to_string()),
            None => return Ok(ended),
        }
    }
}

fn conclude(args: &GetArgs, stream: &Streaming<Frame>, printer: &mut Printer, ended: &Ended) -> ExitCode {
    if let Ended::Unusable(problem) = ended {
        return exit::bad_option(problem);
    }
    let Some(ending) = stream.ending() else { return exit::fault("the stream has no end") };
    if let Err(error) = printer.end(ending) {
        return exit::fault(&format!("cannot write: {error}"));
    }
    if args.stats {
        printer::stats(&ending.stats);
    }
    if matches!(ended, Ended::Enough) && ending.outcome == Outcome::Cancelled {
        return ExitCode::SUCCESS;
    }
    if !ending.is_success() {
        exit::tell(&what_to_do(ending));
    }
    exit::of(&ending.outcome)
}

/// The error in one line, with what can be done about it.
fn what_to_do(ending: &Ending) -> String {
    let advice = match ending.outcome {
        Outcome::Truncated if ending.cursor.is_some() => {
            "; go on with --last-event-id, or let it resume by itself with --resume always"
        }
        Outcome::Truncated => "; what came is not all of it",
        Outcome::Unreachable => "; is the server running, and is the URL right?",
        Outcome::TimedOut(_) => "; raise the limit, or 0 turns it off",
        Outcome::Unreadable { limit: Some(_), .. } => " (--max-event-bytes, --skip-oversized)",
        Outcome::Refused { why: tidewire::Refusal::ContentType, .. } => " (--format)",
        _ => "",
    };
    let body = ending.refused.as_ref().map(|reply| String::from_utf8_lossy(&reply.body).into_owned());
    let said = body.filter(|body| !body.trim().is_empty()).map(|body| {
        let line: String = body.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect();
        format!("; the server says: {line}")
    });
    format!("{ending}{advice}{}", said.unwrap_or_default())
}

fn request(args: &GetArgs) -> Result<Request, String> {
    let client = Client::builder().connect_timeout(Duration::from_millis(args.connect_timeout)).build();
    let body = data::body(&args.data, args.json.as_deref())?;
    let method = match (&args.request, &body) {
        (Some(method), _) => method.as_str(),
        (None, Some(_)) => "POST",
        (None, None) => "GET",
    };
    let Ok(method) = method.parse() else {
        return Err(format!("-X {method:?} is no HTTP method; write GET, POST, PUT, …"));
    };
    // As curl does it, and as people type it.
    let url = if args.url.contains("://") { args.url.clone() } else { format!("http://{}", args.url) };
    let mut request = client.request(method, url);
    if let Some(body) = body {
        request = request.header("content-type", body.content_type).body(body.bytes);
    }
    for (name, value) in data::headers(&args.header)? {
        request = request.header(&name, &value);
    }
    args.apply(request)
}

/// Ends with the first Ctrl-C, or request to terminate.
async fn interrupted() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = interrupt.await;
}
