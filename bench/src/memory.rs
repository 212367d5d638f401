//! An allocator that counts on demand; a timed run does not count, which costs it one predicted branch per call.
#![expect(
    unsafe_code,
    reason = "a global allocator is an unsafe trait; every call is passed unchanged to the system's"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};

/// What was allocated and freed since [`start`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Calls that allocated a block or made one larger.
    pub allocations: u64,
    /// The bytes they asked for; if a block grew, only the added bytes.
    pub allocated: u64,
    /// The most bytes that were held at once. A block that grows counts once, since the system moves large blocks by
    /// remapping their pages.
    pub peak: u64,
    /// Bytes held now.
    pub live: i64,
}

/// Starts counting from zero.
pub fn start() {
    for counter in [&ALLOCATIONS, &ALLOCATED] {
        counter.store(0, Relaxed);
    }
    LIVE.store(0, Relaxed);
    PEAK.store(0, Relaxed);
    COUNTING.store(true, Relaxed);
}

/// Stops counting, and returns the counts.
pub fn stop() -> Counts {
    COUNTING.store(false, Relaxed);
    counts()
}

/// The counts so far.
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
