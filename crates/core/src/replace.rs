//! Puts a text in the place of another one. The standard library's ways to do that would add more code to a download than all of it is worth.

use alloc::vec::Vec;

/// Puts a text in the place of the one before it. It often has the same length, as ids and names do; then nothing is allocated.
#[inline(never)]
pub fn replace(text: &mut Vec<u8>, by: &[u8]) {
    if text.len() == by.len() {
        text.copy_from_slice(by);
    } else {
        *text = by.to_vec();
    }
}
