//! The native clock and timer, which are tokio's.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::task::unconstrained;
use tokio::time::{Instant, Sleep, sleep_until};

/// The platform's clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    origin: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { origin: Instant::now() }
    }

    /// Time since the clock was started.
    pub(crate) fn now(self) -> Duration {
        self.origin.elapsed()
    }

    /// Time since 1970-01-01 00:00 UTC.
    pub(crate) fn wall() -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }
}

/// One timer, which is used for one deadline after another.
#[derive(Default)]
pub(crate) struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    /// When it fires, in nanoseconds on the stream's clock, and the task that it wakes.
    armed: Option<(u64, Waker)>,
}

impl Timer {
    /// Ready when `deadline` has passed on `clock`; `now` is the last reading of that clock.
    ///
    /// A timer that fires before the deadline is not moved until it fires: deadlines move with every chunk, timers need not. Until then
    /// it is not even polled, because a poll costs as much as an event.
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        clock: Clock,
        now: Duration,
        deadline: Duration,
    ) -> Poll<()> {
        if let Some((until, waker)) = &self.armed
            && nanoseconds(now) < *until
            && *until <= nanoseconds(deadline)
            && waker.will_wake(cx.waker())
        {
            return Poll::Pending;
        }
        let Some(until) = clock.origin.checked_add(deadline) else { return Poll::Pending };
        loop {
            let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(until)));
            if sleep.deadline() > until {
                sleep.as_mut().reset(until);
            }
            // A task without budget would get `Pending` from a timer that has not registered the task's waker.
            if pin!(unconstrained(sleep.as_mut())).poll(cx).is_pending() {
                let until = nanoseconds(sleep.deadline() - clock.origin);
                self.armed = Some((until, cx.waker().clone()));
                return Poll::Pending;
            }
            if clock.now() >= deadline {
                *self = Self::default();
                return Poll::Ready(());
            }
            sleep.as_mut().reset(until);
        }
    }
}

/// Half the size of a `Duration`, which each stream would pay for. It is enough for 584 years.
fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    /// A timer on a clock that starts now, polled with wakers that count.
    struct TestTimer {
        timer: Timer,
        clock: Clock,
    }

    impl TestTimer {
        fn new() -> Self {
            Self { timer: Timer::default(), clock: Clock::start() }
        }

        fn is_ready(&mut self, woken: &Arc<Count>, deadline: Duration) -> bool {
            let waker = Waker::from(Arc::clone(woken));
            let now = self.clock.now();
            self.timer.poll(&mut Context::from_waker(&waker), self.clock, now, deadline).is_ready()
        }
    }

    const SOON: Duration = Duration::from_millis(30);
    const LATER: Duration = Duration::from_millis(500);

    async fn pass(time: Duration) {
        tokio::time::sleep(time).await;
    }

    #[tokio::test]
    async fn a_deadline_that_moves_later_is_met() {
        let (mut timer, woken) = (TestTimer::new(), Arc::default());
        assert!(!timer.is_ready(&woken, SOON));
        assert!(!timer.is_ready(&woken, LATER));
        pass(SOON + SOON).await;
        assert_eq!(woken.0.load(Relaxed), 1, "at the time for which it was set");
        assert!(!timer.is_ready(&woken, LATER));
        pass(LATER).await;
        assert_eq!(woken.0.load(Relaxed), 2);
        assert!(timer.is_ready(&woken, LATER));
    }

    #[tokio::test]
    async fn a_deadline_that_moves_earlier_is_met() {
        let (mut timer, woken) = (TestTimer::new(), Arc::default());
        assert!(!timer.is_ready(&woken, Duration::from_secs(300)));
        assert!(!timer.is_ready(&woken, SOON));
        pass(SOON + SOON).await;
        assert_eq!(woken.0.load(Relaxed), 1);
        assert!(timer.is_ready(&woken, SOON));
    }

    #[tokio::test]
    async fn the_last_poll_is_woken() {
        let (mut timer, first, last) = (TestTimer::new(), Arc::default(), Arc::default());
        assert!(!timer.is_ready(&first, SOON));
        assert!(!timer.is_ready(&last, SOON));
        pass(SOON + SOON).await;
        assert_eq!((first.0.load(Relaxed), last.0.load(Relaxed)), (0, 1));
    }

    #[tokio::test]
    async fn a_task_without_budget_is_woken() {
        let (mut timer, woken) = (TestTimer::new(), Arc::default());
        while tokio::task::coop::has_budget_remaining() {
            tokio::task::coop::consume_budget().await;
        }
        assert!(!timer.is_ready(&woken, SOON));
        tokio::task::yield_now().await;
        let before = woken.0.load(Relaxed);
        assert!(!timer.is_ready(&woken, SOON));
        pass(SOON + SOON).await;
        assert_eq!(woken.0.load(Relaxed), before + 1);
    }
}
