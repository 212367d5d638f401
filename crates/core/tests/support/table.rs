//! The tables of `tests/cases`, which every language reads.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::{Map, Value};
use tidewire_core::DecoderOptions;

/// One case of a table.
pub(crate) struct Row(Map<String, Value>);

/// The cases of a table. A key that no runner knows is a mistake in the table, and so is a name that comes twice.
pub(crate) fn rows(file: &str, keys: &[&str]) -> Vec<Row> {
    let path = format!("{}/../../tests/cases/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut table: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
    let rows: Vec<Row> = match table["cases"].take() {
        Value::Array(cases) => cases.into_iter().map(Row::new).collect(),
        other => panic!("{path}: cases is {other}"),
    };
    let mut names: Vec<&str> = rows.iter().map(Row::name).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{path}: two rows have the same name");
    for row in &rows {
        for key in row.0.keys() {
            let known = ["name", "wire", "wire_hex", "options", "lines", "end"].contains(&key.as_str());
            assert!(known || keys.contains(&key.as_str()), "{path}: {}: no such key: {key}", row.name());
        }
    }
    rows
}

/// Runs every row, so that all that fail are named, not only the first.
pub(crate) fn each_row(rows: &[Row], run: impl Fn(&Row)) {
    let failed: Vec<&str> = rows
        .iter()
        .filter(|row| catch_unwind(AssertUnwindSafe(|| run(row))).is_err())
        .map(Row::name)
        .collect();
    assert!(failed.is_empty(), "{} of {} rows fail: {failed:#?}", failed.len(), rows.len());
}

impl Row {
    fn new(case: Value) -> Self {
        match case {
            Value::Object(case) => Self(case),
            other => panic!("a case is {other}"),
        }
    }

    pub(crate) fn name(&self) -> &str {
        self.text("name").expect("a case has a name")
    }

    /// The body.
    pub(crate) fn wire(&self) -> Vec<u8> {
        match (self.text("wire"), self.text("wire_hex")) {
            (Some(text), None) => text.as_bytes().to_vec(),
            (None, Some(hex)) => {
                let digits: Vec<u8> = hex.chars().map(|c| c.to_digit(16).expect("hex") as u8).collect();
                digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
            }
            _ => panic!("{}: a case has wire or wire_hex", self.name()),
        }
    }

    pub(crate) fn lines(&self) -> &[Value] {
        self.0["lines"].as_array().expect("lines")
    }

    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(|value| value.as_str().unwrap_or_else(|| panic!("{key} is no string")))
    }

    pub(crate) fn flag(&self, key: &str) -> bool {
        self.0.get(key).is_some_and(|value| value.as_bool().expect("true or false"))
    }

    /// A list of strings.
    pub(crate) fn list(&self, key: &str) -> Option<Vec<&str>> {
        let list = self.0.get(key)?.as_array().expect("a list");
        Some(list.iter().map(|value| value.as_str().expect("a string")).collect())
    }

    /// What the case says of the body's end.
    pub(crate) fn end(&self) -> Value {
        self.0.get("end").cloned().unwrap_or_default()
    }

    pub(crate) fn options(&self) -> DecoderOptions {
        let mut options = DecoderOptions::default();
        let Some(given) = self.0.get("options") else { return options };
        for (key, value) in given.as_object().expect("options") {
            match key.as_str() {
                "max_event_bytes" => options.max_event_bytes = value.as_u64().expect("a number") as usize,
                "skip_oversized" => options.skip_oversized = value.as_bool().expect("true or false"),
                "deliver_unterminated" => {
                    options.deliver_unterminated = value.as_bool().expect("true or false");
                }
                "done" => options.done = value.as_bool().expect("true or false"),
                other => panic!("{}: no such option: {other}", self.name()),
            }
        }
        options
    }

    pub(crate) fn has_limit(&self) -> bool {
        self.0.get("options").is_some_and(|options| options.get("max_event_bytes").is_some())
    }
}
