//! A JSON field as the cursor.

use alloc::string::{String, ToString};

use tidewire_core::json::{Path, lookup, unescape};

/// The cursor in a record: a JSON string's content, or a number as written; `None` if there is neither.
pub(super) fn cursor_of(json: &[u8], path: &Path) -> Option<String> {
    let found = lookup(json, path)?;
    match found.first()? {
        b'"' => unescape(found),
        b'-' | b'0'..=b'9' => core::str::from_utf8(found).ok().map(ToString::to_string),
        _ => None,
    }
}
