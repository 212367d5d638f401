//! `tidewire decode`: reads standard input and prints its events.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;
use std::time::Duration;

use tidewire::core::session::{At, Policy, Resume};
use tidewire::core::{
    Format, Frame as CoreFrame, Notice, ReplyState, ResponseHead, Step, Stream, StreamOptions,
};
use tidewire::llm::{Deltas, Message};
use tidewire::{Dialect, Frame, StreamEnd};
use tokio::io::{AsyncReadExt as _, BufReader, Stdin};
use tokio::sync::oneshot::Receiver;

use crate::advice::{self, Situation};
use crate::args::{Chunking, DecodeArgs};
use crate::exit;
use crate::lines::OutputLine;
use crate::stop::{self, Interrupt};
use crate::terminal;

const READ_BYTES: usize = 64 * 1024;
/// The largest piece of `--chunk random:SEED`.
const MAX_RANDOM_BYTES: usize = 64;
/// Decoding depends on neither time nor chance.
const NOW: At = At::new(Duration::ZERO, 0);

/// Decodes standard input to standard output.
pub(crate) async fn run(args: &DecodeArgs) -> ExitCode {
    let markers = match args.read.markers() {
        Ok(markers) => markers,
        Err(message) => return exit::usage_error(&message),
    };
    let mut setup = StreamOptions {
        policy: Policy { retry_attempts: 0, resume: Resume::Never, ..Policy::default() },
        format: args.read.format,
        sniff: args.read.format == Format::Auto,
        decoder: args.read.options(),
        markers,
        ..StreamOptions::default()
    };
    let reply = args.read.dialect.clone().map(|dialect| {
        dialect.set_up(&mut setup);
        ReplyPrinter::new(dialect)
    });
    let mut out = BufWriter::new(terminal::stdout());
    match decode(Stream::new(setup), reply, &mut InputChunks::new(args.chunk), stop::watch(), &mut out).await
    {
        Ok(code) => code,
        Err(error) => {
            // If the writer were dropped, it would try again to write its buffer.
            let _ = out.into_parts();
            exit::stdout_error(&error)
        }
    }
}

async fn decode(
    mut stream: Stream,
    mut reply: Option<ReplyPrinter>,
    input_chunks: &mut InputChunks,
    mut interrupt: Receiver<Interrupt>,
    out: &mut impl Write,
) -> io::Result<ExitCode> {
    stream.start(NOW);
    // It says that a request is to be sent. What is decoded is its response.
    let _ = stream.next(NOW, &mut &[][..]);
    stream.head(NOW, &ResponseHead { status: 200, ..ResponseHead::default() }, Duration::ZERO);
    let mut chunk: Vec<u8> = Vec::new();
    let mut used = 0;
    loop {
        let mut input = &chunk[used..];
        let before = input.len();
        match stream.next(NOW, &mut input) {
            Step::Frame { frame, notice } => {
                if let Some(Notice::Gap { after }) = notice {
                    OutputLine::Gap { after: after.as_deref() }.write(out)?;
                }
                match &mut reply {
                    Some(reply) => {
                        let reply_state = reply.frame(frame, out)?;
                        stream.reply_state(NOW, reply_state, reply.error());
                    }
                    None => write_frame(frame, out)?,
                }
            }
            Step::Starved => {
                out.flush()?;
                used = 0;
                let read = tokio::select! {
                    biased;
                    interrupt = &mut interrupt => Err(interrupt.unwrap_or(Interrupt::ReaderGone)),
                    read = input_chunks.next(&mut chunk) => Ok(read),
                };
                match read {
                    Ok(Ok(true)) => stream.received(NOW, chunk.len()),
                    Ok(Ok(false)) => stream.body_end(),
                    Ok(Err(error)) => {
                        return Ok(exit::usage_error(&format!(
                            "cannot read standard input: {error}; give it a file with < or a pipe with |"
                        )));
                    }
                    Err(Interrupt::Signal) => stream.cancel(NOW),
                    Err(Interrupt::ReaderGone) => return Err(io::ErrorKind::BrokenPipe.into()),
                }
                continue;
            }
            Step::Closed => break,
            _ => {}
        }
        used += before - input.len();
    }
    if let Some(reply) = reply {
        reply.end(out)?;
    }
    let outcome = stream.outcome().unwrap_or(tidewire::Outcome::Truncated);
    let stats = stream.stats(Duration::ZERO);
    let error = stream.error().filter(|_| !outcome.is_success());
    OutputLine::end(&outcome, &stats, None, stream.cursor(), error).write(out)?;
    out.flush()?;
    if !outcome.is_success() {
        let error = error.map(str::to_owned);
        let end = StreamEnd { outcome, cursor: None, error, refused: None, stats };
        exit::print_error(&advice::describe(&end, Situation::default()));
    }
    Ok(exit::of(&outcome))
}

fn write_frame(frame: CoreFrame<'_>, out: &mut impl Write) -> io::Result<()> {
    match Frame::from_lent(frame) {
        Some(frame) => OutputLine::of(&frame).map_or(Ok(()), |line| line.write(out)),
        None => Ok(()),
    }
}

/// Prints an LLM's reply: deltas instead of its records, and the message at its end.
struct ReplyPrinter {
    deltas: Deltas,
    message: Message,
    line: String,
}

impl ReplyPrinter {
    fn new(dialect: Dialect) -> Self {
        Self { deltas: Deltas::new(dialect), message: Message::default(), line: String::new() }
    }

    fn frame(&mut self, frame: CoreFrame<'_>, out: &mut impl Write) -> io::Result<ReplyState> {
        let Self { deltas, message, line } = self;
        let read = deltas.read(&frame, &mut |delta| {
            message.push(delta);
            delta.write_line(line);
            line.push('\n');
        });
        out.write_all(line.as_bytes())?;
        line.clear();
        match (read, &frame) {
            (Err(bad), _) => write_frame(CoreFrame::BadRecord(bad), out)?,
            (Ok(_), CoreFrame::Event(_) | CoreFrame::Record(_) | CoreFrame::Text(_)) => {}
            (Ok(_), _) => write_frame(frame, out)?,
        }
        Ok(deltas.reply_state())
    }

    fn error(&self) -> Option<&str> {
        self.deltas.error()
    }

    fn end(mut self, out: &mut impl Write) -> io::Result<()> {
        let Self { deltas, message, line } = &mut self;
        deltas.finish(&mut |delta| {
            message.push(delta);
            delta.write_line(line);
            line.push('\n');
        });
        message.write_line(deltas.dialect(), line);
        writeln!(out, "{line}")
    }
}

/// Reads standard input in pieces of the sizes that `--chunk` asks for.
struct InputChunks {
    stdin: BufReader<Stdin>,
    chunking: Option<Chunking>,
    random: fastrand::Rng,
}

impl InputChunks {
    fn new(chunking: Option<Chunking>) -> Self {
        let seed = match chunking {
            Some(Chunking::Random(seed)) => seed,
            _ => 0,
        };
        let stdin = BufReader::with_capacity(READ_BYTES, tokio::io::stdin());
        Self { stdin, chunking, random: fastrand::Rng::with_seed(seed) }
    }

    /// Replaces `chunk` with the next piece; false at the end of the input.
    async fn next(&mut self, chunk: &mut Vec<u8>) -> io::Result<bool> {
        chunk.clear();
        let size = match self.chunking {
            None => {
                chunk.reserve(READ_BYTES);
                return Ok(self.stdin.read_buf(chunk).await? > 0);
            }
            Some(Chunking::Size(size)) => size,
            Some(Chunking::Random(_)) => self.random.usize(1..=MAX_RANDOM_BYTES),
        };
        (&mut self.stdin).take(size as u64).read_to_end(chunk).await?;
        Ok(!chunk.is_empty())
    }
}
