//! The simple readers of the core's own tests.
#![allow(dead_code, unused_imports, reason = "each of the tests' modules has more than is needed here")]

#[path = "../../crates/core/tests/support/decoding.rs"]
pub(crate) mod decoding;
#[path = "../../crates/core/tests/support/lines.rs"]
pub(crate) mod lines;
#[path = "../../crates/core/tests/support/oracle.rs"]
pub(crate) mod oracle;
