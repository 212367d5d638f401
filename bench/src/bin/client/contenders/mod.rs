//! The clients, each used as its documentation shows, and plain reqwest, which only reads the bytes.

mod eventsource_client;
mod plain;
mod reqwest_eventsource;
mod sse_reqwest_client;
mod tidewire;

use std::error::Error;
use std::future::Future;
use std::net::SocketAddr;

use tidewire_bench::plan::ClientCase;
use tidewire_bench::wire::ClientFacts;
use tidewire_bench::{clock, memory};
use tokio::runtime::Builder;
use tokio::task::LocalSet;

use crate::meter::{Meter, Reading};

pub(crate) type Outcome = Result<(), Box<dyn Error>>;

/// A client that all streams of the process share.
pub(crate) trait Client: Sized {
    fn new() -> Result<Self, Box<dyn Error>>;

    /// Reads one stream until all its events have arrived.
    fn read(&self, url: String, reading: Reading) -> impl Future<Output = Outcome> + 'static;
}

pub(crate) fn run(
    case: &ClientCase,
    contender: &str,
    address: SocketAddr,
    counted: bool,
) -> Result<ClientFacts, Box<dyn Error>> {
    let url = format!("http://{address}/{}/{}/{}", case.streams, case.events, case.interval_micros);
    match contender {
        "reqwest" => measure::<plain::Plain>(case, &url, counted),
        "tidewire" | "tidewire-seen" => measure::<tidewire::Tidewire>(case, &url, counted),
        "reqwest-eventsource" => measure::<reqwest_eventsource::ReqwestEventsource>(case, &url, counted),
        "sse-reqwest-client" => measure::<sse_reqwest_client::SseReqwestClient>(case, &url, counted),
        "eventsource-client" => measure::<eventsource_client::EventsourceClient>(case, &url, counted),
        _ => Err(format!("no contender `{contender}`").into()),
    }
}

/// Reads all streams at once, in tasks of one thread; measures the CPU time of the process, with any threads it starts.
fn measure<C: Client>(case: &ClientCase, url: &str, counted: bool) -> Result<ClientFacts, Box<dyn Error>> {
    let meter = Meter::new(*case, counted);
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let began = clock::process();
    let outcome: Outcome = runtime.block_on(LocalSet::new().run_until(async {
        let client = C::new()?;
        if counted {
            memory::start();
        }
        let read = |_| tokio::task::spawn_local(client.read(url.to_owned(), Reading::new(&meter)));
        let tasks: Vec<_> = (0..case.streams).map(read).collect();
        for task in tasks {
            task.await??;
        }
        Ok(())
    }));
    let counts = memory::stop();
    let cpu = clock::process() - began;
    outcome?;
    meter.facts(cpu, counts)
}
