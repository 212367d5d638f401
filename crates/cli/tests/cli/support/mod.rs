//! What the tests share: processes that cannot hang, an upstream, tables of rows, and temporary files.

mod process;
mod rows;
#[cfg(unix)]
mod terminal;
mod upstream;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use std::{env, fs, process as this};

pub(crate) use self::process::{Done, Process, Run, listening, tidewire};
pub(crate) use self::rows::{each, table};
#[cfg(unix)]
pub(crate) use self::terminal::Terminal;
pub(crate) use self::upstream::Upstream;

/// The longest that a test waits for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A path for a temporary file, which is removed at the end.
pub(crate) struct TempFile(PathBuf);

impl TempFile {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("tidewire-cli-{}-{}", this::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        Self(env::temp_dir().join(name))
    }

    pub(crate) fn with(content: &str) -> Self {
        let file = Self::new();
        fs::write(&file.0, content).expect("a temporary file");
        file
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn name(&self) -> &str {
        self.0.to_str().expect("a path of UTF-8")
    }

    pub(crate) fn text(&self) -> String {
        fs::read_to_string(&self.0).expect("a file of UTF-8")
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
