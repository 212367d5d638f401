//! Streams over TLS from a server whose authority was made for one run.

use tidewire::{Client, Outcome};
use tidewire_tests::{ids, take, upstream_with_tls};

#[tokio::test]
async fn a_self_made_authority_is_trusted_by_who_is_told_of_it() {
    let (server, authority) = upstream_with_tls().await;
    let client = Client::builder().ca_certificates(&authority).expect("PEM").build();
    let mut events = client
        .get(server.url("/flaky?interval_ms=0&events=30"))
        .retry_delay(std::time::Duration::from_millis(1))
        .events();
    let taken = take(&mut events).await;
    assert_eq!(taken.outcome, Some(Outcome::Complete));
    let wanted: Vec<String> = (1..=taken.items.len()).map(|id| id.to_string()).collect();
    assert!(taken.items.len() > 30, "{}", taken.items.len());
    assert_eq!(ids(&taken.items), wanted);
    assert!(events.stats().attempts > 3, "it was cut");
    assert!(server.log().iter().all(|request| request.version == "HTTP/2.0"), "{:?}", server.log());

    // The second port speaks TLS too.
    let taken = take(&mut client.get(server.url("/redirect?interval_ms=0")).events()).await;
    assert_eq!(taken.outcome, Some(Outcome::Complete));
    assert_eq!(server.log().last().map(|request| request.port), Some(server.other_addr().port()));
}

#[tokio::test]
async fn the_scenarios_end_as_they_do_without_tls() {
    let (server, authority) = upstream_with_tls().await;
    let client = Client::builder().ca_certificates(&authority).expect("PEM").build();
    for (path, outcome) in [
        ("/truncate?interval_ms=0", Outcome::Truncated),
        ("/hangup", Outcome::Unreachable),
        ("/midstream-error?interval_ms=0", Outcome::Failed),
        ("/notify?interval_ms=0", Outcome::Ended),
        ("/split?interval_ms=0&events=2", Outcome::Complete),
    ] {
        let taken = take(&mut client.get(server.url(path)).retry_attempts(0).events()).await;
        assert_eq!(taken.outcome, Some(outcome), "{path}");
    }
}

#[tokio::test]
async fn an_unknown_authority_is_not_trusted_and_not_asked_twice() {
    let (server, _) = upstream_with_tls().await;
    let mut events = Client::new().get(server.url("/notify?interval_ms=0")).events();
    let taken = take(&mut events).await;
    assert_eq!((taken.outcome, taken.items.len()), (Some(Outcome::Unreachable), 0));
    let said = taken.error.map(|error| error.to_string()).unwrap_or_default();
    assert!(said.contains("certificate"), "{said}");
    assert_eq!(server.log().len(), 0);
}
