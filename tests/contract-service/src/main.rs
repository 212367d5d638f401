//! The native client as a service that contract tests can drive: it opens streams on request and reports what they deliver. The
//! contract is `docs/service_spec.md` of the public repository launchdarkly/sse-contract-tests.
//!
//! ```text
//! POST / ─▶ subscription (parameters → Request) ─▶ relay (Frame → Callback) ─▶ POST callbackUrl/N
//! ```

mod callback;
mod relay;
mod routes;
mod streams;
mod subscription;

use std::env;
use std::io;
use std::process::ExitCode;

use tokio::net::TcpListener;

/// The default address, unless the only argument names another; port 0 takes a free port.
const ADDRESS: &str = "127.0.0.1:8000";

#[tokio::main]
async fn main() -> ExitCode {
    let address = env::args().nth(1).unwrap_or_else(|| ADDRESS.to_owned());
    match serve(&address).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!(
                "tidewire-contract-service: cannot serve on {address}: {error}; usage: tidewire-contract-service [HOST:PORT]"
            );
            ExitCode::FAILURE
        }
    }
}

/// Serves until it is told to stop.
async fn serve(address: &str) -> io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    println!("tidewire-contract-service: listening on http://{}", listener.local_addr()?);
    let (router, stopped) = routes::router();
    axum::serve(listener, router).with_graceful_shutdown(stopped).await
}
