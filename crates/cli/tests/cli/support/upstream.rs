//! A scripted upstream in the test's process.

use std::path::Path;

use tidewire_cli::serve::{RequestLog, Scenario, ServeConfig, Server};
use tokio::runtime::{Builder, Runtime};

use super::{Done, PATIENCE, Run, tidewire};

pub(crate) struct Upstream {
    server: Server,
    runtime: Runtime,
}

impl Upstream {
    /// Every scenario by its name, on a free port.
    pub(crate) fn start() -> Self {
        Self::with(ServeConfig::default())
    }

    /// A scenario file at every path.
    pub(crate) fn of_file(path: &Path) -> Self {
        let scenario: Scenario = path.to_str().expect("UTF-8").parse().expect("a scenario file");
        Self::with(ServeConfig { scenario: Some(scenario), ..ServeConfig::default() })
    }

    fn with(config: ServeConfig) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let server = runtime.block_on(Server::start(config)).expect("a free port");
        Self { server, runtime }
    }

    /// The URL of a path that begins with a slash.
    pub(crate) fn url(&self, path: &str) -> String {
        self.server.url(path)
    }

    pub(crate) fn port(&self) -> u16 {
        self.server.addr().port()
    }

    /// Runs `get PATH OPTIONS… --output events`.
    pub(crate) fn get(&self, path: &str, options: &[&str]) -> Done {
        let url = self.url(path);
        let args = ["get", &url, "--output", "events"];
        tidewire(args.into_iter().chain(options.iter().copied())).run()
    }

    /// The requests so far.
    pub(crate) fn log(&self) -> Vec<RequestLog> {
        self.server.log()
    }

    /// The requests, once there are this many and each has ended.
    pub(crate) fn log_of(&self, requests: usize) -> Vec<RequestLog> {
        let ended = |log: &[RequestLog]| {
            log.len() >= requests && log.iter().all(|request| request.response.is_some())
        };
        let log = async { tokio::time::timeout(PATIENCE, self.server.log_until(ended)).await };
        self.runtime.block_on(log).expect("the end of all requests")
    }
}
