//! The table of open streams, each read by a task of its own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tidewire::Request;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::callback::Callbacks;
use crate::relay::relay;

#[derive(Default)]
pub(crate) struct Streams {
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    last: u64,
    streams: HashMap<u64, Running>,
}

struct Running {
    restart: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Streams {
    /// Starts reading a stream, and returns its id.
    pub(crate) fn open(&self, request: Request, callbacks: Callbacks) -> u64 {
        let restart = Arc::new(Notify::new());
        let task = tokio::spawn(relay(request.frames(), Arc::clone(&restart), callbacks));
        let mut table = self.table();
        table.last += 1;
        let id = table.last;
        table.streams.insert(id, Running { restart, task });
        id
    }

    /// Whether there is such a stream.
    pub(crate) fn is_known(&self, id: u64) -> bool {
        self.table().streams.contains_key(&id)
    }

    /// Makes a stream connect again; `false` if there is no such stream.
    pub(crate) fn restart(&self, id: u64) -> bool {
        let table = self.table();
        let Some(stream) = table.streams.get(&id) else { return false };
        stream.restart.notify_one();
        true
    }

    /// Ends a stream, and returns once its connection is closed; `false` if there is no such stream.
    pub(crate) async fn close(&self, id: u64) -> bool {
        let Some(stream) = self.table().streams.remove(&id) else { return false };
        stream.task.abort();
        // It was aborted or had already ended; either way the task is gone.
        let _ = stream.task.await;
        true
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
