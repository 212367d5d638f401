//! What the tests of the core share: the tables of cases, their runner, and naive oracles.
#![allow(dead_code, reason = "each test binary uses its part")]

pub(crate) mod cuts;
pub(crate) mod decoding;
pub(crate) mod lines;
pub(crate) mod oracle;
pub(crate) mod streaming;
pub(crate) mod table;
