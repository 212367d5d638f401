//! An allocator of a few hundred bytes: blocks of powers of two, each size with a list of what is free.
//!
//! A page has few objects, which grow by doubling, so nearly every block fits, and no block is ever split or joined. Large blocks do not come
//! back as small ones; JavaScript makes another instance when this one has become large.

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32::{memory_grow, memory_size};
use core::cell::Cell;
use core::ptr::null_mut;

const PAGE: usize = 65536;
/// The smallest block, which is as long as any alignment here.
const LEAST: usize = 16;

#[global_allocator]
static ALLOCATOR: Blocks =
    Blocks { free: [const { Cell::new(null_mut()) }; 32], next: Cell::new(0), end: Cell::new(0) };

struct Blocks {
    /// The first free block of each power of two. A free block begins with the address of the one after it.
    free: [Cell<*mut u8>; 32],
    /// Memory that was never used.
    next: Cell<usize>,
    end: Cell<usize>,
}

// SAFETY: the module has one thread.
unsafe impl Sync for Blocks {}

/// Which list has blocks for this layout.
fn list(layout: Layout) -> usize {
    layout.size().max(LEAST).next_power_of_two().trailing_zeros() as usize
}

// SAFETY: a block is at least as long as its layout, begins at a multiple of 16, and is in no list while it is in use.
unsafe impl GlobalAlloc for Blocks {
    // Not inlined: the module has a hundred bytes of it for each call otherwise.
    #[inline(never)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let list = list(layout);
        let block = self.free[list].get();
        if !block.is_null() {
            // SAFETY: a free block begins with the address of the one after it.
            self.free[list].set(unsafe { block.cast::<*mut u8>().read() });
            return block;
        }
        let size = 1 << list;
        if self.end.get() - self.next.get() < size {
            let pages = size.div_ceil(PAGE);
            let end = memory_size(0) * PAGE;
            if memory_grow(0, pages) == usize::MAX {
                return null_mut();
            }
            // What is left of the pages before stays, if these follow them.
            if end != self.end.get() {
                self.next.set(end);
            }
            self.end.set(end + pages * PAGE);
        }
        let block = self.next.get();
        self.next.set(block + size);
        block as *mut u8
    }

    #[inline(never)]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let free = &self.free[list(layout)];
        // SAFETY: nobody uses the block any more, and it has room for an address.
        unsafe { block.cast::<*mut u8>().write(free.get()) };
        free.set(block);
    }
}
