//! Replaces one text with another. The standard library's ways of doing that would add too much code to a download.

use alloc::vec::Vec;

/// Replaces a text. The new one often has the same length, as ids and names do; then nothing is allocated.
#[inline(never)]
pub fn replace(text: &mut Vec<u8>, by: &[u8]) {
    if text.len() == by.len() {
        text.copy_from_slice(by);
    } else {
        *text = by.to_vec();
    }
}
