//! Streams replies in a loop and exports metrics of them to Prometheus. `prometheus/alerts.yml` has alert rules for them.
//!
//! ```sh
//! tidewire serve > serve.log &
//! cargo run -p tidewire-examples --features prometheus --example prometheus -- 127.0.0.1:9187 http://127.0.0.1:8787/chat 10 &
//! curl http://127.0.0.1:9187/metrics
//! ```

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use tidewire::{Client, metrics};

/// The most connections to the upstream. Further streams wait for a slot, and count as active.
const CONNECTIONS: usize = 100;
const PAUSE: Duration = Duration::from_millis(200);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let listen = arguments.next().unwrap_or_else(|| "127.0.0.1:9187".to_owned());
    let url = arguments.next().unwrap_or_else(|| "http://127.0.0.1:8787/chat".to_owned());
    let streams = arguments.next().map_or(Ok(10), |number| number.parse::<usize>())?;

    // The exporter cannot know which times matter. With these buckets, a rule can find the share of streams slower than 2 s.
    PrometheusBuilder::new()
        .with_http_listener(listen.parse::<SocketAddr>()?)
        .set_buckets_for_metric(
            Matcher::Full(metrics::TIME_TO_FIRST_EVENT.to_owned()),
            &metrics::TIME_TO_FIRST_EVENT_BUCKETS,
        )?
        .set_buckets_for_metric(
            Matcher::Full(metrics::INTER_EVENT.to_owned()),
            &metrics::INTER_EVENT_BUCKETS,
        )?
        .install()?;
    // Before any stream, so that every series exists and starts at 0.
    metrics::describe();
    println!("metrics at http://{listen}/metrics, {streams} streams from {url}");

    let client = Client::builder().max_concurrent(CONNECTIONS).build();
    let streams: Vec<_> =
        (0..streams).map(|_| tokio::spawn(stream_in_a_loop(client.clone(), url.clone()))).collect();
    for stream in streams {
        stream.await?;
    }
    Ok(())
}

/// Stands in for a service's work: reads the events and drops them.
async fn stream_in_a_loop(client: Client, url: String) {
    loop {
        client.get(&url).events().drain().await;
        tokio::time::sleep(PAUSE).await;
    }
}
