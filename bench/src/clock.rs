//! Clocks: CPU time, which other work on the machine does not affect, and the monotonic time.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// CPU time of this thread, in user and kernel mode.
#[must_use]
pub fn thread() -> Duration {
    read(ClockId::ThreadCPUTime)
}

/// CPU time of all threads of this process.
#[must_use]
pub fn process() -> Duration {
    read(ClockId::ProcessCPUTime)
}

/// The monotonic clock, which all processes of the machine share.
#[must_use]
pub fn monotonic() -> Duration {
    read(ClockId::Monotonic)
}

fn read(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}
