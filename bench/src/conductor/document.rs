//! The Markdown document that a full run writes.

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
         - Inputs: generated from seed {SEED:#x}. A body has {} KiB, and a run reads it {} times, so that it stays in the\n  \
         cache, as bytes do that have just arrived from a socket.\n\
         - Time: CPU time of the thread, median of the runs. Each contender of a case has its own process. They take turns; a turn is\n  \
         a few untimed runs, then three times as many timed ones.\n\
         - Check: each contender first reads each body once. The number, bytes and hash of its events must match what was written.\n  \
         Allocations are counted in that run.\n\
         - `tidewire` lends data as bytes, which is what the LLM dialects read; `tidewire-text` lends it as `&str` checked to be UTF-8;\n  \
         `tidewire-owned` copies name, data and id, as `events()` does. The peers hand out checked text.\n\
         - `tidewire-moved` moves each frame out of the result with `?` before it reads the frame; the others read it in place.\n\
         - Clients: each run has a process for the client and one for the server. The server waits until all streams are open, then\n  \
         writes one event to each stream in turn, round by round; each event is one write and one chunk of the body. A client stops\n  \
         when it has all events of its streams, each checked to be the next one. CPU time is that of the client's process from the\n  \
         first request on: the median of the rounds, and their minimum. \"In pairs\" is the median of the differences to reqwest\n  \
         within each round; the order of the contenders is reversed after each round. Allocations are counted in a separate round.\n  \
         Latency is from just before the server's write to just after the consumer's `next()`. `held` is the heap in use at half of\n  \
         the events. `tidewire-seen` is built with the features `tracing` and `metrics`, without a subscriber or recorder.\n\
         - Floor: memchr2 for CR and LF (NDJSON: memchr for LF; a large event: also a copy into one growing Vec; clients: reqwest,\n  \
         which only reads the bytes).\n",
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
