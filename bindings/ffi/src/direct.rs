//! The calls that happen with every batch, for languages in which a generated call costs more than an event: numbers in, bytes out.
//!
//! A stream has a number, which finds it as long as it exists in this process. What a call cannot do is left to
//! [`next_batch`](crate::NativeStream::next_batch), which says why.
#![expect(unreachable_pub, reason = "other languages call these")]

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use uniffi::Lower;

use crate::UniFfiTag;
use crate::per_process::PerProcess;
use crate::queue::Batch;
use crate::stream::{NativeStream, Told};

/// Nothing has come yet. The function is called when something has.
const LATER: i64 = 0;
/// `next_batch` is to be called instead.
const ELSEWHERE: i64 = -1;

static STREAMS: PerProcess<Arc<Mutex<Streams>>> = PerProcess::new();

#[derive(Default)]
struct Streams {
    last: u64,
    by_number: HashMap<u64, Weak<NativeStream>>,
}

/// Gives a stream its number.
pub(crate) fn register(stream: &Arc<NativeStream>) -> u64 {
    let streams = streams();
    let mut streams = lock(&streams);
    streams.last += 1;
    let number = streams.last;
    streams.by_number.insert(number, Arc::downgrade(stream));
    number
}

pub(crate) fn forget(number: u64) {
    if number > 0 {
        lock(&streams()).by_number.remove(&number);
    }
}

fn find(number: u64) -> Option<Arc<NativeStream>> {
    lock(&streams()).by_number.get(&number).and_then(Weak::upgrade)
}

fn streams() -> Arc<Mutex<Streams>> {
    let made: Result<_, std::convert::Infallible> = STREAMS.get(|| Ok(Arc::default()));
    match made {
        Ok(streams) => streams,
        Err(never) => match never {},
    }
}

fn lock(streams: &Mutex<Streams>) -> MutexGuard<'_, Streams> {
    streams.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes the next items of a stream to `buffer`, as UniFFI writes a `Batch`, and returns how many bytes these are. `item` and `most` mean
/// what they mean for `next_batch`.
///
/// 0: nothing has come yet, and `told` is called with `data`, once, when something has; it must not block. -1: `next_batch` is to be called
/// instead. Any other negative number: the buffer is too small, and so many bytes are needed.
///
/// # Safety
/// `buffer` is valid for writes of `capacity` bytes. `told` can be called from any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tidewire_direct_take(
    stream: u64,
    item: u64,
    most: u32,
    buffer: *mut u8,
    capacity: u64,
    told: Option<extern "C" fn(u64)>,
    data: u64,
) -> i64 {
    let taken = catch_unwind(|| {
        let call = told?;
        find(stream)?.take_or_tell(item, most, Told { call, data }).ok()
    });
    match taken {
        // SAFETY: as the caller says.
        Ok(Some(Some(batch))) => unsafe { write(batch, buffer, capacity) },
        Ok(Some(None)) => LATER,
        Ok(None) | Err(_) => ELSEWHERE,
    }
}

/// The same for a thread that may block. After `timeout_ms` without an item, and after an interruption, it writes an empty batch.
///
/// # Safety
/// As for [`tidewire_direct_take`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tidewire_direct_wait(
    stream: u64,
    item: u64,
    most: u32,
    buffer: *mut u8,
    capacity: u64,
    timeout_ms: u64,
) -> i64 {
    let taken = catch_unwind(|| find(stream)?.wait(item, most, Some(timeout_ms)).ok());
    match taken {
        // SAFETY: as the caller says.
        Ok(Some(batch)) => unsafe { write(batch.unwrap_or_default(), buffer, capacity) },
        Ok(None) | Err(_) => ELSEWHERE,
    }
}

/// # Safety
/// `buffer` is valid for writes of `capacity` bytes.
unsafe fn write(batch: Batch, buffer: *mut u8, capacity: u64) -> i64 {
    let Ok(bytes) = catch_unwind(AssertUnwindSafe(|| {
        let mut bytes = Vec::new();
        <Batch as Lower<UniFfiTag>>::write(batch, &mut bytes);
        bytes
    })) else {
        return ELSEWHERE;
    };
    let Ok(length) = i64::try_from(bytes.len()) else { return ELSEWHERE };
    if bytes.len() as u64 > capacity {
        return -length;
    }
    // SAFETY: so many bytes can be written there.
    unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), buffer, bytes.len()) };
    length
}

/// The consumer of a stream waits no longer. It may be told at the same time.
#[unsafe(no_mangle)]
pub extern "C" fn tidewire_direct_leave(stream: u64) {
    let left = catch_unwind(|| {
        if let Some(stream) = find(stream) {
            stream.leave();
        }
    });
    // A panic has been reported by its hook, and there is nothing to return.
    drop(left);
}
