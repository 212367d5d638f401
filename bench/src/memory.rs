//! An allocator that counts while it is told to; timed runs go through it uncounted, at the cost of one predicted branch.
#![expect(
    unsafe_code,
    reason = "a global allocator is an unsafe trait; every call goes to the system's as it came"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};

/// What was allocated since [`start`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Calls that allocated or grew.
    pub allocations: u64,
    /// Bytes of them; of a growth only what was added.
    pub allocated: u64,
    /// The most bytes that were held at a time. A growth counts as one block that grows: the system moves large ones by
    /// their page table.
    pub peak: u64,
    /// Bytes held now.
    pub live: i64,
}

/// Counts from zero.
pub fn start() {
    for counter in [&ALLOCATIONS, &ALLOCATED] {
        counter.store(0, Relaxed);
    }
    LIVE.store(0, Relaxed);
    PEAK.store(0, Relaxed);
    COUNTING.store(true, Relaxed);
}

/// Ends the count.
pub fn stop() -> Counts {
    COUNTING.store(false, Relaxed);
    counts()
}

/// The count so far.
#[must_use]
pub fn counts() -> Counts {
    Counts {
        allocations: ALLOCATIONS.load(Relaxed),
        allocated: ALLOCATED.load(Relaxed),
        peak: u64::try_from(PEAK.load(Relaxed)).unwrap_or_default(),
        live: LIVE.load(Relaxed),
    }
}

static COUNTING: AtomicBool = AtomicBool::new(false);
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static ALLOCATED: AtomicU64 = AtomicU64::new(0);
static LIVE: AtomicI64 = AtomicI64::new(0);
static PEAK: AtomicI64 = AtomicI64::new(0);

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: every call is passed on to the system's allocator unchanged; the counters touch no memory of the caller.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(0, layout.size());
        // SAFETY: the caller's promise, passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(0, layout.size());
        // SAFETY: the caller's promise, passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(layout.size(), size);
        // SAFETY: the caller's promise, passed on.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        note(layout.size(), 0);
        // SAFETY: the caller's promise, passed on.
        unsafe { System.dealloc(block, layout) }
    }
}

#[inline]
fn note(old: usize, new: usize) {
    if COUNTING.load(Relaxed) {
        count(old, new);
    }
}

#[cold]
fn count(old: usize, new: usize) {
    if new > old {
        ALLOCATIONS.fetch_add(1, Relaxed);
        ALLOCATED.fetch_add((new - old) as u64, Relaxed);
    }
    let change = new as i64 - old as i64;
    let live = LIVE.fetch_add(change, Relaxed) + change;
    PEAK.fetch_max(live, Relaxed);
}
