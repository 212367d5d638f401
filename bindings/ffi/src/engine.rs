//! The runtime that all streams of a process share.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::error::NativeError;
use crate::per_process::PerProcess;

/// How long streams get to end when the program exits.
const SHUTDOWN_TIME: Duration = Duration::from_secs(1);

static ENGINE: PerProcess<Arc<Engine>> = PerProcess::new();

/// One worker thread. Threads for name lookups and for the caller's functions come and go.
struct Engine {
    handle: Handle,
    runtime: Mutex<Option<Runtime>>,
}

impl Engine {
    fn start() -> Result<Arc<Self>, NativeError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("tidewire")
            .enable_all()
            .build()
            .map_err(|error| NativeError::internal(format!("no runtime could be started: {error}")))?;
        Ok(Arc::new(Self { handle: runtime.handle().clone(), runtime: Mutex::new(Some(runtime)) }))
    }
}

/// Runs a task on the runtime.
pub(crate) fn spawn(task: impl Future<Output = ()> + Send + 'static) -> Result<(), NativeError> {
    drop(ENGINE.get(Engine::start)?.handle.spawn(task));
    Ok(())
}

/// Calls a function on this thread with what the runtime offers: timers, sockets, tasks.
pub(crate) fn within<R>(call: impl FnOnce() -> R) -> Result<R, NativeError> {
    let engine = ENGINE.get(Engine::start)?;
    let _entered = engine.handle.enter();
    Ok(call())
}

pub(crate) fn shutdown() {
    let Some(engine) = ENGINE.take() else { return };
    let runtime = engine.runtime.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(runtime) = runtime {
        runtime.shutdown_timeout(SHUTDOWN_TIME);
    }
}
