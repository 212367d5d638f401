//! The text of a body: what arrived, and how much of it was shown.

#[derive(Default)]
pub(super) struct ShownText {
    bytes: Vec<u8>,
    /// In bytes of the text.
    shown: usize,
}

impl ShownText {
    pub(super) fn arrived(&mut self, piece: &[u8]) {
        self.bytes.extend_from_slice(piece);
    }

    pub(super) fn show(&mut self, text: &str) {
        self.shown += text.len();
    }

    /// What was not shown. Half a character at the end does not count.
    pub(super) fn held(&self) -> String {
        let mut text = String::new();
        let mut chunks = self.bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            text.push_str(chunk.valid());
            let half = |bytes| std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none());
            let is_cut = chunks.peek().is_none() && half(chunk.invalid());
            if !chunk.invalid().is_empty() && !is_cut {
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
        text.get(self.shown..).unwrap_or_default().to_owned()
    }
}
