//! Cuts a reply at every byte: no truncation is reported as complete or ended, and no event is lost or delivered twice.

use std::time::Duration;

use tidewire::{Client, Event, Outcome, Request};
use tidewire_cli::serve::Server;
use tidewire_tests::{ids, requests, take, upstream};

const EVENTS: usize = 3;

fn url(server: &Server, path: &str, more: &str) -> String {
    server.url(&format!("{path}?interval_ms=0&events={EVENTS}&{more}"))
}

fn get(client: &Client, url: String) -> Request {
    client.get(url).retry_delay(Duration::from_micros(1))
}

/// The events of the whole reply, and the number of its bytes.
async fn whole(client: &Client, server: &Server, path: &str, more: &str) -> (Vec<Event>, u64) {
    let mut events = get(client, url(server, path, more)).events();
    let taken = take(&mut events).await;
    assert!(taken.outcome.is_some_and(|outcome| outcome.is_success()));
    (taken.items, events.stats().bytes)
}

fn is_prefix(some: &[Event], all: &[Event]) -> bool {
    all.starts_with(some)
}

#[tokio::test]
async fn with_ids_a_get_is_resumed_from_every_byte() {
    let (server, client) = (upstream().await, Client::new());
    let (all, bytes) = whole(&client, &server, "/chat", "ids=1").await;
    for cut in 0..=bytes {
        server.clear_log();
        let mut events =
            get(&client, url(&server, "/chat", &format!("ids=1&cuts=1&key={cut}&cut_at={cut}"))).events();
        let taken = take(&mut events).await;
        assert_eq!(taken.outcome, Some(Outcome::Complete), "cut at {cut}: {:?}", taken.error);
        assert_eq!(ids(&taken.items), ids(&all), "cut at {cut}");
        assert_eq!(taken.items, all, "cut at {cut}");
        let log = server.log();
        let expected = if cut < bytes - 1 { 2..=2 } else { 1..=2 };
        assert!(expected.contains(&log.len()), "cut at {cut}: {} requests", log.len());
    }
}

#[tokio::test]
async fn without_ids_a_cut_is_reported() {
    let (server, client) = (upstream().await, Client::new());
    let (all, bytes) = whole(&client, &server, "/chat", "ids=0").await;
    for cut in 0..bytes {
        let mut events =
            get(&client, url(&server, "/chat", &format!("ids=0&cuts=1&key={cut}&cut_at={cut}"))).events();
        let taken = take(&mut events).await;
        if events.stats().attempts == 2 {
            // Before the first event, a second request repeats nothing.
            assert_eq!((taken.outcome, &taken.items), (Some(Outcome::Complete), &all), "cut at {cut}");
        } else if taken.outcome == Some(Outcome::Complete) {
            // The marker's own event was whole.
            assert!(cut >= bytes - 1, "complete at byte {cut} of {bytes}");
        } else {
            assert_eq!(taken.outcome, Some(Outcome::Truncated), "cut at {cut}");
            assert!(!taken.items.is_empty() && is_prefix(&taken.items, &all), "cut at {cut}");
        }
    }
}

#[tokio::test]
async fn a_post_is_sent_once_wherever_it_is_cut() {
    let (server, client) = (upstream().await, Client::new());
    for ids in [0, 1] {
        let (all, bytes) = whole(&client, &server, "/chat", &format!("ids={ids}")).await;
        for cut in (0..bytes).step_by(3) {
            server.clear_log();
            let url = url(&server, "/chat", &format!("ids={ids}&cuts=1&key=p{ids}{cut}&cut_at={cut}"));
            let taken = take(&mut client.post(url).body("{}").events()).await;
            if cut < bytes - 1 {
                assert_eq!(taken.outcome, Some(Outcome::Truncated), "cut at {cut}");
            }
            assert!(is_prefix(&taken.items, &all), "cut at {cut}");
            assert_eq!(requests(&server.log(), "/chat").len(), 1, "cut at {cut}");
        }
    }
}

#[tokio::test]
async fn a_clean_end_inside_a_record_or_before_a_declared_marker_is_truncated() {
    let (server, client) = (upstream().await, Client::new());
    let (all, bytes) = whole(&client, &server, "/notify", "ids=0").await;
    let mut ended = 0;
    for cut in 0..=bytes {
        let url = url(&server, "/notify", &format!("ids=0&key={cut}&cut_at={cut}&end=clean"));
        let taken = take(&mut client.post(&url).events()).await;
        assert!(is_prefix(&taken.items, &all), "cut at {cut}");
        match taken.outcome {
            Some(Outcome::Ended) => ended += 1,
            outcome => assert_eq!(outcome, Some(Outcome::Truncated), "cut at {cut}"),
        }
        // With a declared marker, a clean end is never the stream's own.
        let marker = "event:close".parse().expect("a marker");
        let taken = take(&mut client.post(url).end_on(marker).events()).await;
        assert_eq!(taken.outcome, Some(Outcome::Truncated), "cut at {cut}");
    }
    // Between events, or in a block without data so far, such an end cannot be told from the stream's own.
    assert!(ended < bytes / 5, "{ended} of {bytes} cuts look like an end");
}

#[tokio::test]
async fn json_lines_cut_at_every_byte() {
    let (server, client) = (upstream().await, Client::new());
    let mut whole = client.get(url(&server, "/ndjson", "")).records::<serde_json::Value>();
    let all = take(&mut whole).await.items;
    let bytes = whole.stats().bytes;
    for cut in 0..bytes {
        let url = url(&server, "/ndjson", &format!("cut_at={cut}"));
        let done = || "json:done=true".parse().expect("a marker");
        let taken = take(&mut client.post(&url).end_on(done()).records::<serde_json::Value>()).await;
        assert_eq!(taken.outcome, Some(Outcome::Truncated), "cut at {cut}");
        assert!(
            all.starts_with(&taken.items) && taken.passed_over.is_empty(),
            "cut at {cut}: {:?}",
            taken.passed_over
        );
        // The same with a clean end: complete only when the last record is whole.
        let taken =
            take(&mut client.post(format!("{url}&end=clean")).end_on(done()).records::<serde_json::Value>())
                .await;
        let only_newline_missing = cut == bytes - 1;
        let expected = if only_newline_missing { Outcome::Complete } else { Outcome::Truncated };
        assert_eq!(taken.outcome, Some(expected), "clean end at {cut}");
        assert!(all.starts_with(&taken.items) && taken.passed_over.is_empty(), "clean end at {cut}");
    }
}

#[tokio::test]
async fn text_cut_at_every_byte_has_no_broken_character() {
    let (server, client) = (upstream().await, Client::new());
    let mut whole = client.get(url(&server, "/text", "")).text();
    let all = take(&mut whole).await.items.concat();
    let bytes = whole.stats().bytes;
    for cut in 0..bytes {
        let taken = take(&mut client.post(url(&server, "/text", &format!("cut_at={cut}"))).text()).await;
        let text = taken.items.concat();
        assert_eq!(taken.outcome, Some(Outcome::Truncated), "cut at {cut}");
        assert!(all.starts_with(&text), "cut at {cut}: {text:?}");
    }
}
