//! Resuming a broken reply. Of all dialects, only OpenAI's Responses can be resumed, if they run in the background.

use alloc::string::String;

use tidewire_core::json::Path;
use tidewire_core::session::Resume;
use tidewire_core::{CursorSource, StreamOptions};

use crate::dialect::Dialect;

/// Whether a stream's cursor is the number of an event in its dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counting {
    /// It is not, so the dialect does not decide where the cursor goes.
    No,
    /// It is. It must go only into [`continuation`], since the server answers any other request from the beginning.
    Yes,
    /// It is, but the caller has set a stored cursor, which is useless for a response that does not exist yet.
    Misplaced,
}

impl Dialect {
    /// Decides how a stream that was set up for this dialect is resumed. `reads` says that its request is a GET.
    ///
    /// A POST creates a response, and only the caller knows whether that runs in the background; [`Resume::Always`] says so. A GET
    /// reads a response that exists.
    pub fn counts_events(&self, setup: &mut StreamOptions, reads: bool) -> Counting {
        let Some(field) = self.cursor() else { return Counting::No };
        let by_number = setup.cursor_source == CursorSource::Json(Path::parse(field));
        let resume = setup.policy.resume;
        if !by_number || resume == Resume::Elsewhere {
            return Counting::No;
        }
        let goes_on = resume == Resume::Always || (resume == Resume::Auto && reads);
        setup.policy.resume = if goes_on { Resume::Elsewhere } else { Resume::Never };
        match setup.last_event_id.as_deref() {
            Some(stored) if !reads && !stored.is_empty() => Counting::Misplaced,
            _ => Counting::Yes,
        }
    }
}

/// The URL at which a GET resumes after the cursor: `{url}/{id}?stream=true&starting_after={cursor}` (OpenAI API reference, "Background
/// mode"). If the request is already a GET of the response (`reads`), its URL contains the id, and none is added. `None` if the id cannot
/// be part of a path.
#[must_use]
pub fn continuation(url: &str, reads: bool, id: &str, cursor: &str) -> Option<String> {
    let url = url.split('#').next().unwrap_or_default();
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let mut next = String::from(path);
    if !reads {
        if matches!(id, "" | "." | "..") {
            return None;
        }
        if !next.ends_with('/') {
            next.push('/');
        }
        encode(id, &mut next);
    }
    next.push('?');
    for pair in query.split('&') {
        if !matches!(pair.split('=').next(), Some("" | "stream" | "starting_after")) {
            next.push_str(pair);
            next.push('&');
        }
    }
    next.push_str("stream=true&starting_after=");
    encode(cursor, &mut next);
    Some(next)
}

/// Appends a text, percent-encoded for a URL's path and query.
fn encode(text: &str, url: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            url.push(byte.into());
        } else {
            let digit = |half: u8| char::from(DIGITS[usize::from(half)]);
            url.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_that_resumes() {
        for (url, reads, id, want) in [
            ("http://h/v1/responses", false, "r_1", "http://h/v1/responses/r_1?stream=true&starting_after=7"),
            (
                "http://h/v1/responses/",
                false,
                "r_1",
                "http://h/v1/responses/r_1?stream=true&starting_after=7",
            ),
            ("http://h/v1?a=1&stream=x#f", false, "r", "http://h/v1/r?a=1&stream=true&starting_after=7"),
            (
                "http://h/r",
                false,
                "a/../é ?",
                "http://h/r/a%2F..%2F%C3%A9%20%3F?stream=true&starting_after=7",
            ),
            ("http://h/r/1", true, "", "http://h/r/1?stream=true&starting_after=7"),
            (
                "http://h/r/1?starting_after=3&b=%20",
                true,
                "1",
                "http://h/r/1?b=%20&stream=true&starting_after=7",
            ),
        ] {
            assert_eq!(continuation(url, reads, id, "7").as_deref(), Some(want), "{url}");
        }
        for id in ["", ".", ".."] {
            assert_eq!(continuation("http://h/r", false, id, "7"), None);
        }
    }

    #[test]
    fn the_resume_policy_of_each_dialect() {
        for (dialect, resume, reads, want) in [
            (Dialect::OpenAiResponses, Resume::Always, false, Resume::Elsewhere),
            (Dialect::OpenAiResponses, Resume::Always, true, Resume::Elsewhere),
            (Dialect::OpenAiResponses, Resume::Auto, true, Resume::Elsewhere),
            (Dialect::OpenAiResponses, Resume::Auto, false, Resume::Never),
            (Dialect::OpenAiResponses, Resume::Never, true, Resume::Never),
            (Dialect::OpenAiChat, Resume::Always, false, Resume::Always),
            (Dialect::Auto, Resume::Auto, true, Resume::Auto),
        ] {
            let mut setup = StreamOptions { last_event_id: Some("3".into()), ..StreamOptions::default() };
            dialect.set_up(&mut setup);
            setup.policy.resume = resume;
            let mut unstored = StreamOptions { last_event_id: Some("".into()), ..setup.clone() };
            let (counting, empty) = match dialect {
                Dialect::OpenAiResponses if reads => (Counting::Yes, Counting::Yes),
                Dialect::OpenAiResponses => (Counting::Misplaced, Counting::Yes),
                _ => (Counting::No, Counting::No),
            };
            assert_eq!(dialect.counts_events(&mut setup, reads), counting, "{dialect} {resume:?} {reads}");
            assert_eq!(dialect.counts_events(&mut unstored, reads), empty, "{dialect} {resume:?} {reads}");
            assert_eq!(setup.policy.resume, want, "{dialect} {resume:?} {reads}");
        }
        // A caller with a resume function of their own, or with another field as the cursor, keeps it.
        let mut setup = StreamOptions::default();
        Dialect::OpenAiResponses.set_up(&mut setup);
        setup.policy.resume = Resume::Elsewhere;
        assert_eq!(Dialect::OpenAiResponses.counts_events(&mut setup, true), Counting::No);
        let mut setup = StreamOptions {
            cursor_source: CursorSource::Json(Path::parse("mine")),
            ..StreamOptions::default()
        };
        Dialect::OpenAiResponses.set_up(&mut setup);
        assert_eq!(Dialect::OpenAiResponses.counts_events(&mut setup, true), Counting::No);
    }
}
