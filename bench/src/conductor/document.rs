//! The document, made anew by every whole run.

use std::fmt::Write;

use tidewire_bench::plan::{BLOCK_BYTES, Body, SEED, repeats};

use super::clients::{self, ClientResult};
use super::figures::CaseResult;
use super::{groups, machine, targets};

pub(super) fn write(results: &[CaseResult], clients: &[ClientResult], quick: bool) -> String {
    let mut text = format!(
        "# Benchmarks\n\n\
         Written by `cargo xtask bench`; do not edit.\n\n\
         - Machine: {}; {}, release profile with thin LTO\n\
         - Inputs: generated from seed {SEED:#x}; bodies of {} KiB, read {} times over in a run, so that they\n  \
         lie in the cache, as bytes do that have just come from a socket\n\
         - Time: CPU time of the thread, median of the runs; one process for each contender of a case, all of them in turn, each\n  \
         turn some untimed runs, then three times as many timed ones\n\
         - Every contender reads each body once beforehand: number, bytes and hash of its events must be those that were\n  \
         written; allocations are counted in that run\n\
         - `tidewire` lends data as bytes, as the LLM dialects read them; `tidewire-text` lends it as `&str` checked to be UTF-8;\n  \
         `tidewire-owned` copies name, data and id, as `events()` does. The peers hand out checked text.\n\
         - `tidewire-moved` takes each frame out of the result by `?` before it looks at it; the others look at it where it lies\n\
         - Clients: a process for each run and a server in another, which waits until all streams are open and then writes one event to\n  \
         each in turn, a write and a chunk of the body each, round by round. Each client stops when it has the events of its streams, each\n  \
         checked to be the next. CPU time is that of its process from the first request on: the median of the rounds, and the least;\n  \
         in pairs it is the median of the differences to reqwest within each round, whose order turns around each time. Allocations are\n  \
         counted in a round of their own; latency is from before the server's write to after the consumer's `next()`. `held` is the\n  \
         heap at half of the events. `tidewire-seen` is built with the features `tracing` and `metrics`, and nobody listens\n\
         - Floor: memchr2 over CR and LF (NDJSON: memchr over LF; a large event: with a copy into one growing Vec; clients: reqwest, which\n  \
         only takes the bytes)\n",
        machine::description(),
        machine::compiler(),
        BLOCK_BYTES >> 10,
        repeats(Body::Chat, quick),
    );
    let _ = write!(text, "\n## Targets\n\n{}\n## Figures\n", targets::table(results, clients));
    groups::write(&mut text, results);
    clients::write(&mut text, clients);
    text
}
