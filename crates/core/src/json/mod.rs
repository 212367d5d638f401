//! JSON records: one strict incremental scanner, four framings.
