//! Campaigns of the tests at full size, for `cargo xtask test --long`. The step `tests` runs a slice of each.

use std::env;
use std::path::PathBuf;

use crate::build;
use crate::report::{say, yellow};
use crate::run::Trouble;

/// Fixed seeds for the slices, so that a run can be repeated; unless the environment has others.
pub(crate) fn seeds() -> Vec<(&'static str, &'static str)> {
    let seeds = [("TIDEWIRE_FAULTS_SEED", "1"), ("TIDEWIRE_CANCEL_SEED", "1")];
    seeds.into_iter().filter(|(name, _)| env::var_os(name).is_none()).collect()
}

/// 30,000 streams with random faults.
pub(crate) fn faults() -> Result<(), Trouble> {
    build::test("faults", [("TIDEWIRE_FAULTS_STREAMS", "30000")])
}

/// 120 rounds of cancelled calls and dropped streams, about 100,000 of them.
pub(crate) fn cancel() -> Result<(), Trouble> {
    build::test("cancel", [("TIDEWIRE_CANCEL_ROUNDS", "120")])
}

/// A gigabyte for a reader that pauses.
pub(crate) fn slow_reader() -> Result<(), Trouble> {
    build::test("slow_reader", [("TIDEWIRE_SLOW_READER_MIB", "1024")])
}

/// Every recorded stream, cut at every offset.
pub(crate) fn corpus() -> Result<(), Trouble> {
    let folder = corpus_folder();
    if !folder.join("manifest.json").exists() {
        let what = format!("no recorded streams in {}", folder.display());
        return Err(Trouble::LeftOut { what, see: "tests/llm/main.rs" });
    }
    build::test("llm", [("TIDEWIRE_CORPUS_CUTS", "every")])
}

/// Says if the tests will find no recorded streams: a test that passes prints nothing.
pub(crate) fn mention_missing_corpus() {
    let folder = corpus_folder();
    if !folder.join("manifest.json").exists() {
        let folder = folder.display();
        say!("{}", yellow(format!("no recorded streams in {folder}: the tests that read them do nothing")));
    }
}

/// As in `tests/llm/corpus.rs`.
fn corpus_folder() -> PathBuf {
    env::var_os("TIDEWIRE_CORPUS").map_or_else(|| "../shared/corpus".into(), PathBuf::from)
}
