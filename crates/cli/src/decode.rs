//! `tidewire decode`: standard input to events.

use std::io::{self, BufWriter, Read, Write};
use std::process::ExitCode;
use std::time::Duration;

use tidewire::Frame;
use tidewire::core::session::{At, Policy, Resume};
use tidewire::core::{Format, Setup, Step, Stream};

use crate::args::{Chunking, DecodeArgs};
use crate::exit;
use crate::lines::Line;

const READ_BYTES: usize = 64 * 1024;
/// The largest piece of `--chunk random:SEED`.
const LARGEST_RANDOM: usize = 64;
/// Decoding takes no time and nothing is left to chance.
const NOW: At = At { now: Duration::ZERO, chance: 0 };

/// Decodes standard input to standard output.
pub(crate) fn run(args: &DecodeArgs) -> ExitCode {
    let markers = match args.read.markers() {
        Ok(markers) => markers,
        Err(message) => return exit::bad_option(&message),
    };
    let setup = Setup {
        policy: Policy { retry_attempts: 0, resume: Resume::Never, ..Policy::default() },
        format: args.read.format,
        sniff: args.read.format == Format::Auto,
        options: args.read.options(),
        markers,
        ..Setup::default()
    };
    let mut cutter = Cutter::new(args.chunk);
    match decode(Stream::new(setup), &mut cutter, &mut BufWriter::new(io::stdout().lock())) {
        Ok(code) => code,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => exit::of(&tidewire::Outcome::Cancelled),
        Err(error) => exit::fault(&format!("cannot go on: {error}")),
    }
}

fn decode(mut stream: Stream, cutter: &mut Cutter, out: &mut impl Write) -> io::Result<ExitCode> {
    stream.start(NOW);
    stream.head(NOW, 200, None, None, Duration::ZERO);
    let mut chunk: Vec<u8> = Vec::new();
    let mut used = 0;
    loop {
        let mut input = &chunk[used..];
        let before = input.len();
        match stream.next(NOW, &mut input) {
            Step::Frame { frame, gap } => {
                if let Some(after) = gap {
                    Line::Gap { after: Some(&after) }.write(out)?;
                }
                if let Some(frame) = Frame::from_lent(frame)
                    && let Some(line) = Line::of(&frame)
                {
                    line.write(out)?;
                }
            }
            Step::Starved => {
                out.flush()?;
                used = 0;
                if cutter.next(&mut chunk)? {
                    stream.received(NOW, chunk.len());
                } else {
                    stream.body_end();
                }
                continue;
            }
            Step::Closed => break,
            _ => {}
        }
        used += before - input.len();
    }
    let outcome = stream.outcome().unwrap_or(tidewire::Outcome::Truncated);
    let stats = tidewire::Stats { attempts: 0, ..stream.stats(Duration::ZERO) };
    let error = stream.error().filter(|_| !outcome.is_success());
    Line::end(&outcome, &stats, stream.cursor(), error).write(out)?;
    out.flush()?;
    if !outcome.is_success() {
        exit::tell(&error.map_or_else(|| outcome.to_string(), |error| format!("{outcome}: {error}")));
    }
    Ok(exit::of(&outcome))
}

/// Reads standard input in pieces of the wanted sizes.
struct Cutter {
    chunking: Option<Chunking>,
    random: fastrand::Rng,
}

impl Cutter {
    fn new(chunking: Option<Chunking>) -> Self {
        let seed = match chunking {
            Some(Chunking::Random(seed)) => seed,
            _ => 0,
        };
        Self { chunking, random: fastrand::Rng::with_seed(seed) }
    }

    /// Puts the next piece in the place of `chunk`; false at the end.
    fn next(&mut self, chunk: &mut Vec<u8>) -> io::Result<bool> {
        let mut stdin = io::stdin().lock();
        let size = match self.chunking {
            None => {
                chunk.resize(READ_BYTES, 0);
                let read = stdin.read(chunk)?;
                chunk.truncate(read);
                return Ok(read > 0);
            }
            Some(Chunking::Size(size)) => size,
            Some(Chunking::Random(_)) => self.random.usize(1..=LARGEST_RANDOM),
        };
        chunk.clear();
        stdin.take(size as u64).read_to_end(chunk)?;
        Ok(!chunk.is_empty())
    }
}
