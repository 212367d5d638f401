//! Tidewire, its peers and the floors, each through the fastest public interface that its documentation names.

mod deltas;
mod eventsource_client;
mod eventsource_stream;
mod floor;
mod ndjson;
mod ready;
mod sse_core;
mod sse_stream;
mod sseer;
mod tidewire;
mod typed;

use std::error::Error;

use tidewire_bench::plan::Group;
use tidewire_bench::tally::Tally;

use crate::chunks::Chunks;

pub(crate) type Outcome = Result<(), Box<dyn Error>>;

/// The functions of one contender, for timed and for checked runs.
pub(crate) struct Runs {
    pub(crate) timed: fn(&Chunks, &mut Tally<false>) -> Outcome,
    pub(crate) checked: fn(&Chunks, &mut Tally<true>) -> Outcome,
    /// A floor finds no events, so there is nothing to check.
    pub(crate) is_floor: bool,
}

macro_rules! contender {
    ($run:path) => {
        Some(Runs { timed: $run, checked: $run, is_floor: false })
    };
}

macro_rules! floor {
    ($run:path) => {
        Some(Runs { timed: $run, checked: $run, is_floor: true })
    };
}

pub(crate) fn find(group: Group, name: &str) -> Option<Runs> {
    match (group, name) {
        (Group::Sse | Group::Sweep | Group::Large, _) => match name {
            "tidewire" => contender!(tidewire::lent),
            "tidewire-moved" => contender!(tidewire::moved),
            "tidewire-text" => contender!(tidewire::text),
            "tidewire-owned" => contender!(tidewire::owned),
            "sse-core" => contender!(sse_core::run),
            "sse-stream" => contender!(sse_stream::run),
            "sseer" => contender!(sseer::run),
            "eventsource-client" => contender!(eventsource_client::run),
            "eventsource-stream" => contender!(eventsource_stream::run),
            "memchr2" => floor!(floor::line_ends),
            "memcpy+memchr2" => floor!(floor::copy_and_line_ends),
            _ => None,
        },
        (Group::Framing, "tidewire") => contender!(ndjson::tidewire),
        (Group::Framing, "tidewire-checked") => contender!(ndjson::tidewire_checked),
        (Group::Framing, "lines-codec") => contender!(ndjson::lines_codec),
        (Group::Framing, "ndjson-stream") => contender!(ndjson::ndjson_stream),
        (Group::Framing, "memchr") => floor!(floor::line_feeds),
        (Group::Typed, "tidewire, from_slice") => contender!(typed::tidewire),
        (Group::Typed, "tidewire, from_str") => contender!(typed::tidewire_text),
        (Group::Typed, "memchr, from_slice") => contender!(typed::memchr_slice),
        (Group::Typed, "memchr, from_str") => contender!(typed::memchr_text),
        (Group::Typed, "lines-codec, from_str") => contender!(typed::lines_codec),
        (Group::Typed, "ndjson-stream") => contender!(typed::ndjson_stream),
        (Group::Deltas, "tidewire") => contender!(deltas::tidewire),
        (Group::Deltas, "sse-core, serde_json") => contender!(deltas::serde_json_typed),
        (Group::Deltas, "sse-core, sonic-rs") => contender!(deltas::sonic_typed),
        (Group::Deltas, "sse-core, serde_json, text alone") => contender!(deltas::serde_json_borrowed),
        (Group::Deltas, "sse-core, sonic-rs, text alone") => contender!(deltas::sonic_borrowed),
        (Group::Deltas, "sse-core, sonic-rs, lazy") => contender!(deltas::sonic_lazy),
        (Group::Framing | Group::Typed | Group::Deltas, _) => None,
    }
}
