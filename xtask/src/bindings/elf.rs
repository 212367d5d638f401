//! The pages for which an ELF library is made.

use std::fs;
use std::path::Path;

use crate::report::say;
use crate::run::Trouble;

/// Newer phones have pages of 16 KiB, and do not load a library that is made for smaller ones.
const LARGEST_PAGE: u64 = 16 * 1024;
const LOAD: u64 = 1;

/// Fails if the library cannot be loaded where pages have 16 KiB. A file of another format has no such limit.
pub(crate) fn check_pages(library: &Path) -> Result<(), Trouble> {
    let file = fs::read(library)
        .map_err(|error| Trouble::Failed(format!("cannot read {}: {error}", library.display())))?;
    if !file.starts_with(b"\x7fELF") {
        return Ok(());
    }
    let segments = load_segments(&file)
        .ok_or_else(|| Trouble::Failed(format!("{} is cut off, or not little-endian", library.display())))?;
    match segments.iter().find(|segment| !segment.fits(LARGEST_PAGE)) {
        Some(segment) => Err(Trouble::Failed(format!(
            "{} cannot be loaded where pages have 16 KiB: {segment:x?}",
            library.display()
        ))),
        None => {
            say!("{}: {} segments, for pages of up to 16 KiB", library.display(), segments.len());
            Ok(())
        }
    }
}

/// A part of the file that is mapped into memory.
#[derive(Debug, PartialEq, Eq)]
struct Segment {
    offset: u64,
    address: u64,
    alignment: u64,
}

impl Segment {
    /// Whether whole pages of the file can be mapped.
    fn fits(&self, page: u64) -> bool {
        self.alignment >= page
            && self.alignment.is_multiple_of(page)
            && self.offset % page == self.address % page
    }
}

/// The segments of type `PT_LOAD`; of a little-endian file, as all of Android's are.
fn load_segments(file: &[u8]) -> Option<Vec<Segment>> {
    const LITTLE_ENDIAN: u8 = 1;
    if *file.get(5)? != LITTLE_ENDIAN {
        return None;
    }
    // Where the fields are, by the size of an address: of the file's header, then of a segment's.
    let is_64 = *file.get(4)? == 2;
    let word = if is_64 { 8 } else { 4 };
    let (table_at, size_at, count_at) = if is_64 { (32, 54, 56) } else { (28, 42, 44) };
    let (offset_at, address_at, alignment_at) = if is_64 { (8, 16, 48) } else { (4, 8, 28) };

    let table = number(file, table_at, word)?;
    let (size, count) = (number(file, size_at, 2)?, number(file, count_at, 2)?);
    let mut segments = Vec::new();
    for index in 0..count {
        let header = usize::try_from(table.checked_add(index * size)?).ok()?;
        if number(file, header, 4)? == LOAD {
            segments.push(Segment {
                offset: number(file, header.checked_add(offset_at)?, word)?,
                address: number(file, header.checked_add(address_at)?, word)?,
                alignment: number(file, header.checked_add(alignment_at)?, word)?,
            });
        }
    }
    Some(segments)
}

fn number(file: &[u8], at: usize, size: usize) -> Option<u64> {
    let bytes = file.get(at..at.checked_add(size)?)?;
    Some(bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of a header and one segment.
    fn file(is_64: bool, alignment: u64) -> Vec<u8> {
        let word = if is_64 { 8 } else { 4 };
        let fields: &[(usize, u64, usize)] = if is_64 {
            &[
                (32, 64, 8),
                (54, 56, 2),
                (56, 1, 2),
                (64, 1, 4),
                (72, 0x4123, 8),
                (80, 0x8123, 8),
                (112, alignment, 8),
            ]
        } else {
            &[
                (28, 52, 4),
                (42, 32, 2),
                (44, 1, 2),
                (52, 1, 4),
                (56, 0x4123, 4),
                (60, 0x8123, 4),
                (80, alignment, 4),
            ]
        };
        let mut file = vec![0; 128];
        file[..6].copy_from_slice(&[0x7f, b'E', b'L', b'F', word / 4, 1]);
        for &(at, value, size) in fields {
            file[at..at + size].copy_from_slice(&value.to_le_bytes()[..size]);
        }
        file
    }

    #[test]
    fn segments_are_read() {
        for is_64 in [false, true] {
            for (alignment, fits) in [(0x1000, false), (0x4000, true), (0x1_0000, true)] {
                let segments = load_segments(&file(is_64, alignment)).unwrap();
                assert_eq!(segments, [Segment { offset: 0x4123, address: 0x8123, alignment }]);
                assert_eq!(segments[0].fits(LARGEST_PAGE), fits);
            }
            assert_eq!(load_segments(&file(is_64, 0)[..70]), None);
        }
        assert!(!Segment { offset: 0x1000, address: 0x4000, alignment: 0x4000 }.fits(LARGEST_PAGE));
    }
}
