//! Tables of test cases, and how their rows are run.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::Value;

/// More than there are cores, since rows also wait.
const WORKERS: usize = 4;

/// The cases of a table in `tests/cases`.
pub(crate) fn table(file: &str) -> Vec<Value> {
    let path = format!("{}/../../tests/cases/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut table: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
    match table["cases"].take() {
        Value::Array(cases) => cases,
        other => panic!("{path}: cases is {other}"),
    }
}

/// Runs every row, several at a time. All that fail are named, not only the first.
pub(crate) fn each<R: Sync>(rows: &[R], name: impl Fn(&R) -> String + Sync, run: impl Fn(&R) + Sync) {
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if catch_unwind(AssertUnwindSafe(|| run(row))).is_err() {
                        failed.lock().expect("a lock").push(name(row));
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect("a lock");
    assert!(failed.is_empty(), "{} of {} rows fail: {failed:#?}", failed.len(), rows.len());
}
