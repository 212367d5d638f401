//! Searches sixteen bytes at a time. A result has one bit for each byte, with the first byte's bit lowest.

#[cfg(not(target_feature = "simd128"))]
use portable as vectors;
#[cfg(target_feature = "simd128")]
use simd as vectors;
pub(crate) use vectors::{Bits, PER_BYTE, Vector};

/// How many bytes a vector has.
pub(crate) const LENGTH: usize = 16;

/// The vector at `at`, if there are as many bytes.
#[inline(always)]
pub(crate) fn vector(bytes: &[u8], at: usize) -> Option<Vector> {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map(Vector::new)
}

/// The bits of the first bytes; `length` may be more than a vector has.
#[inline(always)]
pub(crate) fn first_bytes(length: usize) -> Bits {
    if length < LENGTH { (1 << (PER_BYTE * length as u32)) - 1 } else { Bits::MAX }
}

#[cfg(target_feature = "simd128")]
mod simd {
    use core::arch::wasm32::{
        i8x16_bitmask, i8x16_eq, i8x16_gt, i8x16_splat, u8x16_gt, u8x16_splat, u64x2, v128, v128_or,
    };

    pub(crate) type Bits = u32;
    /// How many places a byte has in [`Bits`].
    pub(crate) const PER_BYTE: u32 = 1;

    #[derive(Clone, Copy)]
    pub(crate) struct Vector(v128);

    impl Vector {
        pub(crate) const ZEROS: Self = Self(u64x2(0, 0));

        /// The compiler turns this into a single load.
        #[inline(always)]
        pub(crate) fn new(bytes: &[u8; 16]) -> Self {
            let word = u128::from_le_bytes(*bytes);
            Self(u64x2(word as u64, (word >> 64) as u64))
        }

        #[inline(always)]
        pub(crate) fn or(self, other: Self) -> Self {
            Self(v128_or(self.0, other.0))
        }

        /// The bytes that are not ASCII.
        #[inline(always)]
        pub(crate) fn beyond_ascii(self) -> Bits {
            i8x16_bitmask(self.0).into()
        }

        /// Line feeds and carriage returns; only the first is certain.
        #[inline(always)]
        pub(crate) fn line_ends(self) -> Bits {
            let feeds = i8x16_eq(self.0, i8x16_splat(b'\n' as i8));
            let returns = i8x16_eq(self.0, i8x16_splat(b'\r' as i8));
            i8x16_bitmask(v128_or(feeds, returns)).into()
        }

        /// The first bytes of UTF-8 characters.
        #[inline(always)]
        pub(crate) fn characters(self) -> Bits {
            // All but 0x80 to 0xBF, which are the lowest values as signed numbers.
            i8x16_bitmask(i8x16_gt(self.0, i8x16_splat(0xBF_u8 as i8))).into()
        }

        /// The first bytes of four-byte characters.
        #[inline(always)]
        pub(crate) fn characters_of_four(self) -> Bits {
            i8x16_bitmask(u8x16_gt(self.0, u8x16_splat(0xEF))).into()
        }
    }
}

/// The same without vector instructions.
#[cfg(not(target_feature = "simd128"))]
mod portable {
    pub(crate) type Bits = u128;
    pub(crate) const PER_BYTE: u32 = 8;
    const ONES: u128 = u128::MAX / 0xFF;
    const HIGH: u128 = ONES * 0x80;

    #[derive(Clone, Copy)]
    pub(crate) struct Vector(u128);

    impl Vector {
        pub(crate) const ZEROS: Self = Self(0);

        #[inline(always)]
        pub(crate) const fn new(bytes: &[u8; 16]) -> Self {
            Self(u128::from_le_bytes(*bytes))
        }

        #[inline(always)]
        pub(crate) const fn or(self, other: Self) -> Self {
            Self(self.0 | other.0)
        }

        #[inline(always)]
        pub(crate) const fn beyond_ascii(self) -> Bits {
            self.0 & HIGH
        }

        #[inline(always)]
        pub(crate) const fn line_ends(self) -> Bits {
            zeros(self.0 ^ (ONES * b'\n' as u128)) | zeros(self.0 ^ (ONES * b'\r' as u128))
        }

        #[inline(always)]
        pub(crate) const fn characters(self) -> Bits {
            (!self.0 | self.0 << 1) & HIGH
        }

        #[inline(always)]
        pub(crate) const fn characters_of_four(self) -> Bits {
            self.0 & self.0 << 1 & self.0 << 2 & self.0 << 3 & HIGH
        }
    }

    /// The bytes that are zero; those above the first one may be marked too.
    const fn zeros(word: u128) -> Bits {
        word.wrapping_sub(ONES) & !word & HIGH
    }
}
