//! The naive oracles of the core's own tests.
#![allow(dead_code, unused_imports, reason = "each of the tests' modules has more than is needed here")]

#[path = "../../tests/support/decoding.rs"]
pub(crate) mod decoding;
#[path = "../../tests/support/lines.rs"]
pub(crate) mod lines;
#[path = "../../tests/support/oracle.rs"]
pub(crate) mod oracle;
