//! A client's pool of connections, which is replaced as a whole when they may be dead.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// Pools replaced within this time are replaced for the same reason: many streams notice the same absence, one after the other.
const SAME_REASON: Duration = Duration::from_secs(1);

/// How often all connections of this process were forgotten.
static ERA: AtomicU32 = AtomicU32::new(0);

/// Requests from now on use new connections, in every client of this process. For use when another network is used or the machine has slept:
/// connections without a request may have died meanwhile, which otherwise only the silence after the next request would show. The requests
/// that are under way keep theirs; [`Streaming::check`](crate::Streaming::check) and [`reconnect`](crate::Streaming::reconnect) are for them.
///
/// The caller's own `reqwest::Client` is left alone.
pub fn forget_connections() {
    ERA.fetch_add(1, Relaxed);
}

/// Makes an HTTP client with the same settings, and with no connection.
type Make = dyn Fn() -> Result<reqwest::Client, String> + Send + Sync;

/// The HTTP client whose connections are used now. reqwest cannot be told to open a new connection: over HTTP/2 a request that replaces one
/// without an answer would be sent over the same dead connection.
pub(super) struct Pool {
    now: Mutex<Numbered>,
    /// `None` for the caller's own client, which cannot be built again.
    make: Option<Box<Make>>,
}

struct Numbered {
    client: reqwest::Client,
    number: u32,
    era: u32,
    /// By the wall clock, which also runs while the machine sleeps.
    made: SystemTime,
}

impl Pool {
    pub(super) fn new(client: reqwest::Client, make: Option<Box<Make>>) -> Arc<Self> {
        Arc::new(Self { now: Mutex::new(Numbered::new(client, 0)), make })
    }

    /// The client, for one request, and the number of its pool, which counts the replacements.
    pub(super) fn client(&self) -> (reqwest::Client, u32) {
        let now = self.current();
        (now.client.clone(), now.number)
    }

    /// The connections of this pool may be dead: requests from now on use others. The requests that are under way keep theirs. Does nothing
    /// if that pool was replaced already.
    pub(super) fn replace(&self, number: u32) {
        let mut now = self.lock();
        if now.number == number {
            self.renew(&mut now);
        }
    }

    /// The same for all connections there are now, unless they were replaced within the last moment.
    pub(super) fn replace_present(&self) {
        let now = self.lock();
        let is_new = now.number > 0 && now.made.elapsed().is_ok_and(|age| age < SAME_REASON);
        let number = now.number;
        drop(now);
        if !is_new {
            self.replace(number);
        }
    }

    /// The pool, unless its connections were forgotten: then a new one.
    fn current(&self) -> MutexGuard<'_, Numbered> {
        let mut now = self.lock();
        if now.era != ERA.load(Relaxed) {
            self.renew(&mut now);
        }
        now
    }

    fn renew(&self, now: &mut Numbered) {
        // What once worked with these settings fails only for a moment, and then the old connections are better than none.
        if let Some(Ok(client)) = self.make.as_ref().map(|make| make()) {
            *now = Numbered::new(client, now.number.wrapping_add(1));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Numbered> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Numbered {
    fn new(client: reqwest::Client, number: u32) -> Self {
        Self { client, number, era: ERA.load(Relaxed), made: SystemTime::now() }
    }
}
