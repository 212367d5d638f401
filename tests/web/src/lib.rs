//! Checks of the client in WebAssembly. Each check takes the address of a `tidewire serve` and returns a text about what it saw;
//! `web.test.mjs` compares that with the expected text, and with the server's log.
#![cfg(target_family = "wasm")]

use std::cell::Cell;
use std::fmt::Debug;
use std::rc::Rc;
use std::time::Duration;

use gloo_timers::future::TimeoutFuture;
use serde_json::{Value, json};
use tidewire::{Client, Error, Request, Streaming};
use wasm_bindgen::prelude::wasm_bindgen;

/// Runs the check with this name.
///
/// # Errors
/// The name, if there is no such check.
#[wasm_bindgen]
pub async fn run(name: String, base: String) -> Result<String, String> {
    let client = Client::new();
    let get = |path: &str| client.get(format!("{base}/{path}"));
    Ok(match name.as_str() {
        "get" => told(get("chat?events=4&interval_ms=5&key=web-get").text()).await,
        "post" => {
            let body = json!({ "prompt": "hello" });
            ended(client.post(format!("{base}/ai/chat?interval_ms=0&key=web-post")).json(&body).events())
                .await
        }
        "records" => told(get("ndjson?events=2&interval_ms=0&key=web-records").records::<Value>()).await,
        "resume" => {
            told(get("notify?interval_ms=5&cut_at=120&cuts=1&key=web-resume").retry_delay(soon()).events())
                .await
        }
        "refused" => told(get("status?status=401&key=web-refused").events()).await,
        "retried" => {
            ended(get("busy?retry_after=0&interval_ms=0&key=web-retried").retry_delay(soon()).events()).await
        }
        "idle" => told(quiet(get("stall?interval_ms=0&key=web-idle")).events()).await,
        "unreachable" => {
            ended(get("hangup?key=web-hangup").retry_attempts(1).retry_delay(soon()).events()).await
        }
        "unsendable" => ended(get("chat").body("a body in a GET").events()).await,
        "dropped" => dropped(get("sse?interval_ms=20&key=web-dropped")).await,
        "cancelled" => cancelled(get("chat?events=40&interval_ms=10&key=web-cancelled")).await,
        "hooks" => hooks(get("flaky?interval_ms=0&key=web-hooks")).await,
        _ => return Err(name),
    })
}

fn soon() -> Duration {
    Duration::from_millis(10)
}

fn quiet(request: Request) -> Request {
    request.idle_timeout(Duration::from_millis(200)).retry_attempts(0)
}

/// The items and the outcome, one line each.
async fn told<I: Debug>(mut stream: Streaming<I>) -> String {
    let mut lines = Vec::new();
    while let Some(item) = stream.next().await {
        match item {
            Ok(item) => lines.push(format!("{item:?}")),
            Err(error) => lines.push(format!("error {}", error.code())),
        }
    }
    if let Some(end) = stream.end() {
        let status =
            end.refused.as_ref().map(|refused| format!(" {} {} bytes", refused.status, refused.body.len()));
        lines.push(format!("{}{}", end.outcome.code(), status.unwrap_or_default()));
        lines.push(format!("attempts {}", end.stats.attempts));
    }
    lines.join("\n")
}

/// The outcome and the number of attempts, without the items.
async fn ended<I>(mut stream: Streaming<I>) -> String {
    let mut refused = String::new();
    while let Some(item) = stream.next().await {
        refused = item.err().map(|error: Error| error.code().to_owned()).unwrap_or_default();
    }
    // There is no end if no request could be made.
    stream.end().map_or(refused, |end| format!("{} {}", end.outcome.code(), end.stats.attempts))
}

/// Reads three events and drops the stream.
async fn dropped(request: Request) -> String {
    let mut stream = request.events();
    for _ in 0..3 {
        stream.next().await;
    }
    drop(stream);
    TimeoutFuture::new(300).await;
    "dropped".to_owned()
}

/// Cancels calls of `next()` again and again, and checks that no event is lost.
async fn cancelled(request: Request) -> String {
    let mut stream = request.events();
    let mut events = 0;
    let mut cancelled = 0;
    loop {
        let waiting = Box::pin(stream.next());
        match within(waiting, TimeoutFuture::new(3)).await {
            Some(Some(Ok(_))) => events += 1,
            Some(Some(Err(error))) => return error.to_string(),
            Some(None) => break,
            None => cancelled += 1,
        }
    }
    let whole = stream.stats().events;
    format!("{} {}", events == whole && events > 3, cancelled > 3)
}

/// Here a hook need not be `Send`, so it can use a page's own state.
async fn hooks(request: Request) -> String {
    let attempts = Rc::new(Cell::new(0_u32));
    let counter = Rc::clone(&attempts);
    let mut stream = request.retry_delay(soon()).on_attempt(move |_| counter.set(counter.get() + 1)).events();
    stream.drain().await;
    (attempts.get() == stream.stats().attempts && attempts.get() > 2).to_string()
}

/// The first future's output, unless the second is ready first.
async fn within<F: Future + Unpin>(mut wanted: F, limit: impl Future<Output = ()>) -> Option<F::Output> {
    let mut limit = Box::pin(limit);
    std::future::poll_fn(|cx| {
        if let std::task::Poll::Ready(output) = std::pin::Pin::new(&mut wanted).poll(cx) {
            return std::task::Poll::Ready(Some(output));
        }
        limit.as_mut().poll(cx).map(|()| None)
    })
    .await
}
