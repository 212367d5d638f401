//! Time limits, stalls, and connections that close when their stream is dropped. Times are compared with bounds far from the
//! expected values, so that a slow machine does not fail the tests.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tidewire::{Client, Error, Limit, Outcome};
use tidewire_cli::serve::{Ended, reply_text};
use tidewire_tests::raw::{Act, RawServer, reply};
use tidewire_tests::{requests, take, upstream, within};

const SHORT: Duration = Duration::from_millis(300);

#[tokio::test]
async fn a_model_that_thinks_is_reported_as_stalled_and_not_cut() {
    let server = upstream().await;
    let stalls = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&stalls);
    let request = Client::new().post(server.url("/think?interval_ms=0&silence_ms=2000")).body("{}");
    let mut events = request
        .stall_after(Duration::from_millis(500))
        .on_stall(move |silent| noted.lock().expect("a lock").push(silent))
        .events();
    let taken = take(&mut events).await;
    assert_eq!(taken.outcome, Some(Outcome::Complete));
    let stalls = stalls.lock().expect("a lock").clone();
    assert_eq!(stalls.len(), 1, "once for one silence: {stalls:?}");
    assert!(stalls[0] >= Duration::from_millis(500) && stalls[0] < Duration::from_secs(2));
    assert!(events.stats().longest_silence >= Duration::from_millis(1900));
    assert_eq!(requests(&server.log(), "/think").len(), 1);
    assert!(reply_text().len() > 100);
}

#[tokio::test]
async fn silence_beyond_the_idle_timeout_is_cut() {
    let server = upstream().await;
    let request = || Client::new().post(server.url("/stall?interval_ms=0")).body("{}");
    let taken = take(&mut request().idle_timeout(SHORT).events()).await;
    assert_eq!((taken.outcome, taken.items.len()), (Some(Outcome::TimedOut(Limit::Idle)), 4));
    let log =
        within("the close", server.log_until(|log| log.iter().all(|request| request.response.is_some())))
            .await;
    assert_eq!(log[0].response.as_ref().map(|end| end.ended), Some(Ended::ClientClosed));
    // Also before the head.
    let taken =
        take(&mut Client::new().post(server.url("/slow-headers")).body("{}").idle_timeout(SHORT).events())
            .await;
    assert_eq!(taken.outcome, Some(Outcome::TimedOut(Limit::Idle)));
}

#[tokio::test]
async fn each_limit_ends_the_stream_by_its_name() {
    let server = upstream().await;
    // Comments count as activity on the wire, but not as progress.
    let beats = RawServer::start(vec![
        [
            vec![reply("content-type: text/event-stream", b"data: one\n\n")],
            (0..100).flat_map(|_| [Act::Wait(SHORT / 6), Act::Send(b": beat\n".to_vec())]).collect(),
        ]
        .concat(),
    ])
    .await;
    let post = |url: String| Client::new().post(url).body("{}");
    let rows = [
        (post(beats.url("/")).idle_timeout(SHORT * 2).progress_timeout(SHORT * 3).events(), Limit::Progress),
        (post(server.url("/slow-headers")).first_event_timeout(SHORT).events(), Limit::FirstEvent),
        (post(server.url("/stall?interval_ms=0")).timeout(SHORT).events(), Limit::Total),
    ];
    for (mut events, limit) in rows {
        assert_eq!(take(&mut events).await.outcome, Some(Outcome::TimedOut(limit)));
    }
    // TLS belongs to connecting: this server accepts the connection and sends nothing.
    let mute = RawServer::start(vec![vec![Act::Hang]]).await;
    let client = Client::builder().connect_timeout(SHORT).build();
    let mut events = client.get(mute.url("/").replace("http:", "https:")).retry_attempts(0).events();
    assert_eq!(take(&mut events).await.outcome, Some(Outcome::TimedOut(Limit::Connect)));
}

/// A consumer that is slower than its server finds bytes at every call, so it never waits.
#[tokio::test]
async fn the_total_limit_applies_to_a_slow_consumer() {
    let mut script = vec![reply("content-type: text/event-stream", b"")];
    script.extend((0..200).flat_map(|n| [Act::Send(format!("data: {n}\n\n").into()), Act::Wait(SHORT / 30)]));
    let server = RawServer::start(vec![script]).await;
    let mut events = Client::new().get(server.url("/")).timeout(SHORT * 2).events();
    let begun = Instant::now();
    while within("an event", events.next()).await.is_some() {
        tokio::time::sleep(SHORT / 10).await;
    }
    assert_eq!(events.outcome(), Some(Outcome::TimedOut(Limit::Total)));
    assert!(begun.elapsed() < SHORT * 6, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn limits_pause_while_the_consumer_does_not_ask() {
    let server = upstream().await;
    let mut events = Client::new()
        .post(server.url("/chat?interval_ms=50&events=20"))
        .body("{}")
        .idle_timeout(SHORT)
        .events();
    let mut count = 0;
    while let Some(item) = within("an event", events.next()).await {
        count += 1;
        if count == 3 {
            tokio::time::sleep(SHORT * 4).await;
        }
        assert!(item.is_ok(), "{item:?}");
    }
    assert_eq!(events.outcome(), Some(Outcome::Complete));
    // A cancelled call of `next` does not ask either.
    let mut events =
        Client::new().post(server.url("/stall?interval_ms=0")).body("{}").idle_timeout(SHORT * 4).events();
    for _ in 0..4 {
        assert!(within("an event", events.next()).await.is_some());
    }
    assert!(tokio::time::timeout(SHORT, events.next()).await.is_err());
    tokio::time::sleep(SHORT * 5).await;
    assert!(tokio::time::timeout(SHORT, events.next()).await.is_err(), "cut although nothing was waiting");
}

#[tokio::test]
async fn a_dropped_stream_closes_its_connection_at_once() {
    let server = upstream().await;
    for (path, own) in [("/stall?interval_ms=0", Client::new()), ("/sse?interval_ms=1000", Client::new())] {
        server.clear_log();
        let mut events = own.get(server.url(path)).events();
        assert!(within("an event", events.next()).await.is_some_and(|item| item.is_ok()));
        let dropped = Instant::now();
        drop(events);
        let log =
            within("the close", server.log_until(|log| log.iter().all(|request| request.response.is_some())))
                .await;
        let end = log[0].response.as_ref().expect("an end");
        assert_eq!(end.ended, Ended::ClientClosed);
        assert!(dropped.elapsed() < Duration::from_millis(900), "before the server's next write, 1 s later");
    }
}

#[tokio::test]
async fn a_closed_stream_is_cancelled() {
    let server = upstream().await;
    let mut events = Client::new().get(server.url("/stall?interval_ms=0")).events();
    assert!(within("an event", events.next()).await.is_some_and(|item| item.is_ok()));
    events.close();
    let last = within("the end", async {
        loop {
            match events.next().await {
                Some(Ok(_)) => {}
                other => return other,
            }
        }
    })
    .await;
    assert_eq!(last.and_then(Result::err).as_ref().map(Error::code), Some("cancelled"));
    assert_eq!(events.outcome(), Some(Outcome::Cancelled));
    let log =
        within("the close", server.log_until(|log| log.iter().all(|request| request.response.is_some())))
            .await;
    assert_eq!(log[0].response.as_ref().map(|end| end.ended), Some(Ended::ClientClosed));
}

#[tokio::test]
async fn very_long_waits_do_not_overflow() {
    for retry in ["18446744073709551615", "9223372036854775807", "9223372036854775"] {
        let body = format!("retry: {retry}\nid: 1\ndata: one\n\n");
        let broken = reply("content-type: text/event-stream\r\ncontent-length: 1000", body.as_bytes());
        let server = RawServer::start(vec![vec![broken]]).await;
        let longest = Duration::from_millis(u64::MAX);
        let request = Client::new().get(server.url("/")).idle_timeout(longest).stall_after(longest);
        let mut events = request.progress_timeout(Duration::MAX).first_event_timeout(Duration::MAX).events();
        assert!(within("the event", events.next()).await.is_some_and(|item| item.is_ok()));
        assert!(tokio::time::timeout(SHORT, events.next()).await.is_err(), "it waits, and does not panic");
        assert_eq!((server.seen().len(), events.last_event_id()), (1, Some("1")));
        events.close();
        assert_eq!(take(&mut events).await.outcome, Some(Outcome::Cancelled));
    }
}

#[tokio::test]
async fn reconnect_skips_the_wait() {
    let server = upstream().await;
    let request = Client::new().get(server.url("/notify?interval_ms=0&cut_at=120&cuts=1&key=kick"));
    let mut events = request.retry_delay(Duration::from_secs(3600)).events();
    let mut count = 0;
    while count < 10 {
        let next = tokio::time::timeout(SHORT, events.next()).await;
        match next {
            Ok(item) => {
                assert!(item.is_some_and(|item| item.is_ok()));
                count += 1;
            }
            // The stream would wait for up to an hour; the caller tells it to connect now.
            Err(_) => events.reconnect(),
        }
    }
    assert_eq!(events.stats().attempts, 2);
}
