//! The browser's clock and timer.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use gloo_timers::future::TimeoutFuture;
use js_sys::Date;
use send_wrapper::SendWrapper;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
}

/// The browser's clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    origin: f64,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { origin: performance_now() }
    }

    /// Time since the clock was started.
    pub(crate) fn now(self) -> Duration {
        milliseconds(performance_now() - self.origin)
    }

    /// Time since 1970-01-01 00:00 UTC.
    pub(crate) fn wall() -> Duration {
        milliseconds(Date::now())
    }
}

/// A time in milliseconds, to the microsecond; zero for a negative number or NaN.
fn milliseconds(time: f64) -> Duration {
    Duration::from_micros((time * 1000.0) as u64)
}

/// One timer, which is used for one deadline after another.
#[derive(Default)]
pub(crate) struct Timer {
    armed: Option<(Duration, SendWrapper<TimeoutFuture>)>,
}

/// The longest time that a browser's timer can wait.
const LONGEST_TIMER: Duration = Duration::from_millis(i32::MAX as u64);

impl Timer {
    /// Ready when `deadline` has passed on `clock`; `now` is the last reading of that clock.
    ///
    /// A timer that fires before the deadline is not moved until it fires: deadlines move with every chunk, timers need not.
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        clock: Clock,
        now: Duration,
        deadline: Duration,
    ) -> Poll<()> {
        let mut now = now;
        loop {
            let armed = match &mut self.armed {
                Some((due, sleep)) if *due <= deadline => sleep,
                _ => {
                    let rest = deadline.saturating_sub(now).min(LONGEST_TIMER);
                    // Rounded up, or the timer would fire too early and have to be set again.
                    let sleep = TimeoutFuture::new(rest.as_micros().div_ceil(1000) as u32);
                    &mut self.armed.insert((deadline, SendWrapper::new(sleep))).1
                }
            };
            ready!(Pin::new(armed).poll(cx));
            self.armed = None;
            now = clock.now();
            if now >= deadline {
                return Poll::Ready(());
            }
        }
    }
}
