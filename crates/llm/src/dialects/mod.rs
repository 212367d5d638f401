//! The readers of the dialects: by table, or in code for what no table can express.

pub(crate) mod gemini_args;
pub(crate) mod generic;

use tidewire_core::{BadRecord, ReplyState};

use crate::assembler::Assembler;
use crate::dialect::Dialect;
use crate::grow::Slot;
use crate::json::Value;
use crate::out::Out;
use crate::table::layout;

/// What a dialect keeps while it reads a reply.
#[derive(Clone, Debug)]
pub(crate) enum DialectReader {
    Table(Assembler),
    Generic(generic::Generic),
}

impl DialectReader {
    /// `None` as long as the dialect is not known.
    pub(crate) fn new(dialect: &Dialect) -> Option<Self> {
        Some(match dialect {
            Dialect::Generic(paths) => Self::Generic(generic::Generic::new(paths.clone())),
            dialect => Self::Table(Assembler::new(dialect.table()?.clone())),
        })
    }

    /// The state of a reply before anything of it has arrived.
    pub(crate) fn first(&self) -> ReplyState {
        match self {
            Self::Generic(_) => ReplyState::MayEnd,
            Self::Table(assembler) => assembler.first(),
        }
    }

    /// Reads the record at the front of a text, whose event has this name. Returns how long it is.
    pub(crate) fn read(&mut self, name: &[u8], text: &[u8], out: &mut Out<'_>) -> Result<usize, BadRecord> {
        match self {
            Self::Table(assembler) => assembler.read(name, text, out),
            Self::Generic(generic) => {
                generic.read(Value::parse(text)?, out);
                Ok(text.len())
            }
        }
    }

    /// Fields of a record, with text or a whole number in them, that may differ from one to the next without a meaning.
    pub(crate) fn varying(&self) -> [&str; layout::VARYING] {
        match self {
            Self::Table(assembler) => assembler.table().varying(),
            Self::Generic(_) => [""; layout::VARYING],
        }
    }

    /// Reads a text that is no JSON, or is not to be read as that.
    pub(crate) fn raw(&mut self, text: &[u8], out: &mut Out<'_>) {
        match self {
            Self::Table(assembler) => assembler.raw(text, out),
            Self::Generic(_) => out.raw(Slot::Text { choice: 0 }, text),
        }
    }

    /// Reads an event with a name and no data.
    pub(crate) fn empty(&mut self, name: &[u8], out: &mut Out<'_>) {
        if let Self::Table(assembler) = self {
            assembler.empty(name, out);
        }
    }

    /// Whether the records of this name are text, whatever they look like.
    pub(crate) fn takes_raw(&self, name: &[u8]) -> bool {
        matches!(self, Self::Table(assembler) if assembler.takes_raw(name))
    }

    /// Whether a record that is not JSON is text.
    pub(crate) fn takes_text(&self) -> bool {
        match self {
            Self::Table(assembler) => assembler.table().has(layout::PLAIN),
            Self::Generic(_) => true,
        }
    }
}
