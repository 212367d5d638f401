//! Dialects as data: a table says which value in which kind of record has which role.
//!
//! `compile.rs` compiles a table's text to bytes, at build time or when a program brings its own. [`Table`] reads the bytes in place. `walk.rs`
//! reads a record with a table in one pass, which also checks that it is JSON. docs/dialect-format.md describes the format for authors of tables.

pub(crate) mod compile;
pub(crate) mod layout;
pub(crate) mod roles;
pub(crate) mod walk;

use alloc::borrow::Cow;

use tidewire_core::json::{Path, lookup};

use crate::json::Value;
use layout::form;

/// A compiled table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    bytes: Cow<'static, [u8]>,
}

/// A rule for the value that a path leads to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Action {
    /// The kind of record that it is for, or [`ANY_KIND`](layout::ANY_KIND).
    pub(crate) kind: u8,
    pub(crate) role: u8,
    /// Of several values with one role, that with the lowest rank counts.
    pub(crate) rank: u8,
}

/// An edge from a node to the next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge<'t> {
    form: u8,
    text: &'t [u8],
    /// The node there; 0 if paths end there.
    pub(crate) node: usize,
    actions: &'t [u8],
}

impl Edge<'_> {
    /// Whether it is for one key alone.
    pub(crate) const fn is_name(&self) -> bool {
        self.form == form::EXACT
    }

    pub(crate) fn actions(&self) -> impl Iterator<Item = Action> {
        self.actions.as_chunks::<3>().0.iter().map(|[kind, role, rank]| Action {
            kind: *kind,
            role: *role,
            rank: *rank,
        })
    }
}

impl Table {
    /// A table from its compiled bytes.
    pub(crate) const fn new(bytes: Cow<'static, [u8]>) -> Self {
        Self { bytes }
    }

    fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or_default()
    }

    fn offset(&self, at: usize) -> usize {
        usize::from(u16::from_le_bytes([self.byte(at), self.byte(at + 1)]))
    }

    /// The text at an offset, and the offset after it.
    fn text(&self, at: usize) -> (&[u8], usize) {
        let (start, length) = (at + 1, usize::from(self.byte(at)));
        (self.bytes.get(start..start + length).unwrap_or_default(), start + length)
    }

    fn string(&self, header: usize) -> &str {
        core::str::from_utf8(self.text(self.offset(header)).0).unwrap_or_default()
    }

    pub(crate) fn name(&self) -> &str {
        self.string(layout::NAME)
    }

    pub(crate) fn cursor(&self) -> Option<&str> {
        Some(self.string(layout::CURSOR)).filter(|field| !field.is_empty())
    }

    pub(crate) fn finish_default(&self) -> &str {
        self.string(layout::FINISH_DEFAULT)
    }

    pub(crate) fn has(&self, flag: u8) -> bool {
        self.byte(layout::FLAGS) & flag != 0
    }

    /// Fields whose values may differ from record to record without any meaning.
    pub(crate) fn varying(&self) -> [&str; layout::VARYING] {
        let mut at = self.offset(layout::VARYING_AT);
        [(); layout::VARYING].map(|()| {
            let (text, behind) = self.text(at);
            at = behind;
            core::str::from_utf8(text).unwrap_or_default()
        })
    }

    /// Whether a record, whose event has this name, has a mark by which the dialect is recognised.
    pub(crate) fn recognises(&self, name: &[u8], record: Value<'_>) -> bool {
        let mut at = self.offset(layout::MARKS) + 1;
        let count = self.byte(at - 1);
        (0..count).fold(false, |found, _| {
            let conditions = self.byte(at);
            at += 1;
            // Every condition is read, even once the answer is known: the next mark comes after them.
            let fits = (0..conditions).fold(true, |fits, _| {
                let (path, behind) = self.text(at);
                let (form, (text, behind)) = (self.byte(behind), self.text(behind + 1));
                at = behind;
                fits && is_so(path, form, text, name, record)
            });
            found || fits
        })
    }

    pub(crate) fn root(&self) -> usize {
        self.offset(layout::ROOT)
    }

    /// The rules for records as wholes.
    pub(crate) fn record_actions(&self) -> impl Iterator<Item = Action> {
        let at = self.offset(layout::RECORD);
        self.edge_actions(at).as_chunks::<3>().0.iter().map(|[kind, role, rank]| Action {
            kind: *kind,
            role: *role,
            rank: *rank,
        })
    }

    fn edge_actions(&self, at: usize) -> &[u8] {
        let length = 3 * usize::from(self.byte(at));
        self.bytes.get(at + 1..at + 1 + length).unwrap_or_default()
    }

    /// The number of a kind of record; 0 for one that the table does not name.
    pub(crate) fn kind(&self, name: &[u8]) -> u8 {
        let mut at = self.offset(layout::KINDS);
        let count = self.byte(at);
        at += 1;
        let mut found = 0;
        for number in 1..=count {
            let form = self.byte(at);
            let (text, behind) = self.text(at + 1);
            at = behind;
            if form == form::EXACT && text == name {
                return number;
            }
            if found == 0 && fits(form, text, name) {
                found = number;
            }
        }
        found
    }

    /// The number that a list of words has for this word.
    pub(crate) fn word(&self, header: usize, word: &[u8]) -> Option<u8> {
        let mut at = self.offset(header);
        let count = self.byte(at);
        at += 1;
        for _ in 0..count {
            let (text, behind) = self.text(at);
            if text == word {
                return Some(self.byte(behind));
            }
            at = behind + 1;
        }
        None
    }

    /// The edge from a node that matches a key, and its index among the node's edges.
    #[inline]
    pub(crate) fn edge(&self, node: usize, key: &[u8]) -> Option<(u32, Edge<'_>)> {
        let name =
            [key.len().try_into().unwrap_or(layout::NO_NAME), key.first().copied().unwrap_or_default()];
        for (number, [length, first, low, high]) in (0..).zip(self.heads(node)) {
            if [*length, *first] == name || *length == layout::NO_NAME {
                let edge = self.edge_at(u16::from_le_bytes([*low, *high]).into());
                if fits(edge.form, edge.text, key) {
                    return Some((number, edge));
                }
            }
        }
        None
    }

    /// The edge from a node that matches an element's index.
    pub(crate) fn element(&self, node: usize, place: u32) -> Option<Edge<'_>> {
        let edges = self
            .heads(node)
            .iter()
            .map(|[.., low, high]| self.edge_at(u16::from_le_bytes([*low, *high]).into()));
        edges.into_iter().find(|edge| match edge.form {
            form::EACH => true,
            form::ELEMENT => core::str::from_utf8(edge.text).is_ok_and(|text| text.parse() == Ok(place)),
            _ => false,
        })
    }

    #[inline]
    fn heads(&self, node: usize) -> &[[u8; 4]] {
        let length = 4 * usize::from(self.byte(node));
        self.bytes.get(node + 1..node + 1 + length).unwrap_or_default().as_chunks().0
    }

    #[inline]
    fn edge_at(&self, at: usize) -> Edge<'_> {
        let (text, behind) = self.text(at + 1);
        Edge { form: self.byte(at), text, node: self.offset(behind), actions: self.edge_actions(behind + 2) }
    }
}

/// Whether the value at a path meets a mark's condition; `@event` is the name of the event.
fn is_so(path: &[u8], form: u8, text: &[u8], name: &[u8], record: Value<'_>) -> bool {
    if path == b"@event" {
        return fits(form, text, name);
    }
    let path = core::str::from_utf8(path).map(Path::parse);
    let value = path.ok().and_then(|path| lookup(record.as_bytes(), &path)).filter(|value| *value != b"null");
    match (form, value) {
        (form::ABSENT, value) => value.is_none(),
        (form::PRESENT, value) => value.is_some(),
        (_, Some(value)) => {
            Value::sound(value).text().is_some_and(|value| fits(form, text, value.as_bytes()))
        }
        (_, None) => false,
    }
}

/// Whether a step matches a key or a kind.
#[inline]
fn fits(form: u8, text: &[u8], key: &[u8]) -> bool {
    match form {
        form::EXACT => text == key,
        form::PREFIX => key.starts_with(text),
        form::SUFFIX => key.ends_with(text),
        form::ANY => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;

    /// The format's page names everything that a table may contain.
    #[test]
    fn the_page_of_the_format_names_everything() {
        let page =
            std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/dialect-format.md"))
                .unwrap();
        let names =
            roles::NAMES.iter().chain(&layout::FLAG_NAMES).chain(&layout::PIECES).chain(&layout::REASONS);
        for name in names.chain(&compile::FIELDS) {
            assert!(page.contains(&["`", name, "`"].concat()), "{name}");
        }
        for table in page.split("```json\n").skip(1).filter(|block| block.contains("\"name\"")) {
            compile::compile(table.split("```").next().unwrap()).unwrap();
        }
    }

    #[test]
    fn roles_have_the_numbers_of_their_places() {
        for (number, role) in [(0, roles::IGNORE), (27, roles::URL), (roles::COUNT - 1, roles::TEXT_RAW)] {
            assert_eq!(number, usize::from(role));
        }
    }
}
