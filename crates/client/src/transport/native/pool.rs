//! A client's pool of connections, which is replaced as a whole when they may be dead.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// Pools replaced within this time are replaced for the same reason: many streams notice the same absence, one after the other.
const SAME_REASON: Duration = Duration::from_secs(1);

/// Makes an HTTP client with the same settings, and with no connection.
type Make = dyn Fn() -> Result<reqwest::Client, String> + Send + Sync;

/// The HTTP client whose connections are used now. reqwest cannot be told to open a new connection: over HTTP/2 a request that replaces one
/// without an answer would be sent over the same dead connection.
pub(super) struct Pool {
    now: Mutex<Numbered>,
    /// `None` for the caller's own client, which cannot be made anew.
    make: Option<Box<Make>>,
}

struct Numbered {
    client: reqwest::Client,
    number: u32,
    /// By the wall clock, which also runs while the machine sleeps.
    made: SystemTime,
}

impl Pool {
    pub(super) fn new(client: reqwest::Client, make: Option<Box<Make>>) -> Arc<Self> {
        let now = Numbered { client, number: 0, made: SystemTime::now() };
        Arc::new(Self { now: Mutex::new(now), make })
    }

    /// The client, for one request.
    pub(super) fn client(&self) -> reqwest::Client {
        self.lock().client.clone()
    }

    /// The number of the present pool, which counts the replacements.
    pub(super) fn number(&self) -> u32 {
        self.lock().number
    }

    /// The connections of this pool may be dead: requests from now on use others. The requests that are under way keep theirs. Does nothing
    /// if that pool was replaced already.
    pub(super) fn replace(&self, number: u32) {
        let mut now = self.lock();
        let Some(make) = self.make.as_ref().filter(|_| now.number == number) else { return };
        // What once worked with these settings fails only for a moment, and then the old connections are better than none.
        if let Ok(client) = make() {
            *now = Numbered { client, number: number.wrapping_add(1), made: SystemTime::now() };
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

    fn lock(&self) -> MutexGuard<'_, Numbered> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
