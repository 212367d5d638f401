//! The value that a growing JSON text has built so far.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::scan::{Build, Problem, Scanner};
use crate::line::quoted;

/// Objects of more keys than this have an index of them.
const FEW: usize = 16;

/// A JSON value that grows with its text. The cost of a piece depends only on that piece, not on what is already there.
///
/// ```
/// use tidewire_llm::partial::Partial;
///
/// let mut partial = Partial::default();
/// partial.push(r#"{"city":"Par"#)?;
/// assert_eq!(partial.root().unwrap().field("city").unwrap().text(), Some("Par"));
/// partial.push(r#"is","days":3}"#)?;
/// partial.finish()?;
/// assert_eq!(partial.to_string(), r#"{"city":"Paris","days":3}"#);
/// # Ok::<(), tidewire_llm::partial::Problem>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Partial {
    scanner: Scanner,
    tree: Tree,
}

impl Partial {
    /// Adds the next piece of the text.
    ///
    /// # Errors
    /// [`Problem`] if the text is not JSON; the value keeps what came before.
    pub fn push(&mut self, piece: &str) -> Result<(), Problem> {
        self.scanner.push(piece, &mut self.tree)
    }

    /// Ends the text.
    ///
    /// # Errors
    /// [`Problem`] if the text is incomplete or was bad before.
    pub fn finish(&mut self) -> Result<(), Problem> {
        self.scanner.finish(&mut self.tree)
    }

    /// The number of bytes read.
    #[must_use]
    pub const fn read(&self) -> usize {
        self.scanner.read()
    }

    /// The value, once it has begun.
    #[must_use]
    pub fn root(&self) -> Option<Node<'_>> {
        (!self.tree.cells.is_empty()).then_some(Node { tree: &self.tree, cell: 0 })
    }
}

impl fmt::Display for Partial {
    /// Writes the value so far as valid JSON, with open strings and containers closed; nothing if the value has not begun.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root().map_or(Ok(()), |root| root.fmt(f))
    }
}

/// A value within a [`Partial`].
#[derive(Clone, Copy)]
pub struct Node<'a> {
    tree: &'a Tree,
    cell: usize,
}

impl<'a> Node<'a> {
    /// The text of a string so far.
    #[must_use]
    pub fn text(self) -> Option<&'a str> {
        match self.cell() {
            Cell::String(text) => Some(text),
            _ => None,
        }
    }

    /// A number as it is written, `true`, `false` or `null`.
    #[must_use]
    pub fn scalar(self) -> Option<&'a str> {
        match self.cell() {
            Cell::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// The value of an object's field, if it has begun.
    #[must_use]
    pub fn field(self, name: &str) -> Option<Self> {
        let Cell::Object(object) = self.cell() else { return None };
        let place = object.find(name)?;
        self.at(object.entries.get(place)?.1)
    }

    /// The keys and values of an object, in the order in which each key first appeared; none if this is not an object.
    pub fn fields(self) -> impl Iterator<Item = (&'a str, Self)> {
        let entries = match self.cell() {
            Cell::Object(object) => &object.entries[..],
            _ => &[],
        };
        entries.iter().filter_map(move |(key, cell)| Some((key.as_str(), self.at(*cell)?)))
    }

    /// The elements of an array; none if this is not an array.
    pub fn items(self) -> impl Iterator<Item = Self> {
        let cells = match self.cell() {
            Cell::Array(cells) => &cells[..],
            _ => &[],
        };
        cells.iter().map(move |cell| Self { cell: *cell, ..self })
    }

    fn cell(self) -> &'a Cell {
        &self.tree.cells[self.cell]
    }

    fn at(self, cell: Option<usize>) -> Option<Self> {
        Some(Self { cell: cell?, ..self })
    }
}

impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        match self.cell() {
            Cell::Scalar(text) => f.write_str(text),
            Cell::String(text) => quoted(text, f),
            Cell::Array(_) => {
                f.write_char('[')?;
                for (place, item) in self.items().enumerate() {
                    if place > 0 {
                        f.write_char(',')?;
                    }
                    item.fmt(f)?;
                }
                f.write_char(']')
            }
            Cell::Object(_) => {
                f.write_char('{')?;
                for (place, (key, value)) in self.fields().enumerate() {
                    if place > 0 {
                        f.write_char(',')?;
                    }
                    quoted(key, f)?;
                    f.write_char(':')?;
                    value.fmt(f)?;
                }
                f.write_char('}')
            }
        }
    }
}

/// All values, each named by its place; the first is the root.
#[derive(Clone, Debug, Default)]
struct Tree {
    cells: Vec<Cell>,
    /// The containers that are open, outermost first.
    open: Vec<usize>,
}

#[derive(Clone, Debug)]
enum Cell {
    Scalar(String),
    String(String),
    Array(Vec<usize>),
    Object(Object),
}

#[derive(Clone, Debug, Default)]
struct Object {
    /// A key's value is `None` until it begins.
    entries: Vec<(String, Option<usize>)>,
    /// Of the places of the keys, once they are many.
    index: BTreeMap<String, usize>,
    /// The entry whose value comes next.
    next: usize,
}

impl Object {
    fn find(&self, key: &str) -> Option<usize> {
        if self.entries.len() <= FEW {
            return self.entries.iter().position(|(own, _)| own == key);
        }
        self.index.get(key).copied()
    }

    fn key(&mut self, key: &str) {
        self.next = self.find(key).unwrap_or(self.entries.len());
        if self.next < self.entries.len() {
            return;
        }
        self.entries.push((key.to_owned(), None));
        if self.entries.len() == FEW + 1 {
            let places = self.entries.iter().enumerate();
            self.index = places.map(|(place, (key, _))| (key.clone(), place)).collect();
        } else if self.entries.len() > FEW {
            self.index.insert(key.to_owned(), self.next);
        }
    }
}

impl Tree {
    fn add(&mut self, cell: Cell) {
        let place = self.cells.len();
        match self.open.last().and_then(|container| self.cells.get_mut(*container)) {
            Some(Cell::Array(cells)) => cells.push(place),
            Some(Cell::Object(object)) => {
                if let Some((_, value)) = object.entries.get_mut(object.next) {
                    *value = Some(place);
                }
            }
            Some(Cell::Scalar(_) | Cell::String(_)) | None => {}
        }
        self.cells.push(cell);
    }
}

impl Build for Tree {
    fn open_object(&mut self) {
        self.add(Cell::Object(Object::default()));
        self.open.push(self.cells.len() - 1);
    }

    fn open_array(&mut self) {
        self.add(Cell::Array(Vec::new()));
        self.open.push(self.cells.len() - 1);
    }

    fn close(&mut self) {
        self.open.pop();
    }

    fn key(&mut self, key: &str) {
        if let Some(Cell::Object(object)) =
            self.open.last().and_then(|container| self.cells.get_mut(*container))
        {
            object.key(key);
        }
    }

    fn open_string(&mut self) {
        self.add(Cell::String(String::new()));
    }

    fn more_string(&mut self, piece: &str) {
        if let Some(Cell::String(text)) = self.cells.last_mut() {
            text.push_str(piece);
        }
    }

    fn scalar(&mut self, text: &str) {
        self.add(Cell::Scalar(text.to_owned()));
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
