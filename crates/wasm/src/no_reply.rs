//! In the place of `reply.rs` where the core knows no dialects: frames go out as they are.

use alloc::string::String;

use tidewire_core::session::At;
use tidewire_core::{Frame, ReplyState, Stream, StreamOptions};

use crate::table::Writer;

/// No reader of an LLM's reply.
#[derive(Default)]
pub(crate) struct Reply(());

#[expect(clippy::unused_self, reason = "as in reply.rs")]
impl Reply {
    pub(crate) const fn choose(&mut self, _: &str, _: &mut StreamOptions) -> bool {
        false
    }

    pub(crate) const fn ask(&mut self, _: &str, _: &mut StreamOptions) -> bool {
        false
    }

    pub(crate) const fn continuation(&self, _: &str) -> Option<String> {
        None
    }

    #[inline]
    pub(crate) const fn read_alike(&mut self, _: &mut Stream, _: At, _: &mut &[u8], _: &mut Writer<'_>) {}

    #[inline]
    pub(crate) fn read(&mut self, frame: &Frame<'_>, table: &mut Writer<'_>) -> Option<ReplyState> {
        table.push(frame);
        None
    }

    pub(crate) const fn finish(&mut self, _: &mut Writer<'_>) -> bool {
        false
    }

    pub(crate) const fn begin_anew(&mut self) {}

    pub(crate) const fn is_nameless(&self) -> bool {
        false
    }

    pub(crate) const fn error(&self) -> Option<&str> {
        None
    }
}
