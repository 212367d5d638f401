//! The client, built with any set of its features: it streams, and names the feature that is missing.
//!
//! `cargo test -p tidewire --no-default-features --features rustls-ring,http2 --test features`
#![expect(clippy::expect_used, reason = "a test may stop at once")]

mod authority;
mod server;

use std::io::Write as _;
use std::time::Duration;

use tidewire::{Client, Event, Outcome, Streaming, UsageError};

use self::authority::{Authority, Shown};
use self::server::{Answer, Server};

const HAS_TLS: bool = cfg!(any(feature = "rustls-aws-lc", feature = "rustls-ring", feature = "native-tls"));
const HAS_RUSTLS: bool = cfg!(any(feature = "rustls-aws-lc", feature = "rustls-ring"));
const SSE: &str = "content-type: text/event-stream\r\n";
const EVENT: &[u8] = b"data: one\n\n";

/// A whole HTTP/1.1 response.
fn response(headers: &str, body: &[u8]) -> Answer {
    let head =
        format!("HTTP/1.1 200 OK\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n", body.len());
    Answer::Bytes([head.as_bytes(), body].concat())
}

fn event() -> Answer {
    response(SSE, EVENT)
}

/// A client that trusts this authority too. The platform's own may be missing on the machine.
fn trusting(authority: &Authority) -> Client {
    Client::builder().ca_certificates(authority.pem()).expect("a certificate").build()
}

fn stream(client: &Client, url: &str) -> Streaming<Event> {
    client.get(url).retry_delay(Duration::from_millis(1)).events()
}

/// The events' data, and how the stream ended: its outcome and its error in words, or only the words if no request could be made.
async fn read(mut stream: Streaming<Event>) -> (Vec<String>, Option<Outcome>, String) {
    let mut events = Vec::new();
    let mut text = String::new();
    while let Some(item) = stream.next().await {
        match item {
            Ok(event) => events.push(event.data),
            Err(error) => text = error.to_string(),
        }
    }
    (events, stream.outcome(), text)
}

#[tokio::test]
async fn plain_http_streams() {
    let server = Server::plain(event()).await;
    let (events, outcome, _) = read(stream(&Client::new(), &server.url("http"))).await;
    assert_eq!((events, outcome), (vec!["one".to_owned()], Some(Outcome::Ended)));
}

/// The body in each coding, with the feature that reads it.
fn coded() -> [(&'static str, &'static str, Vec<u8>, bool); 4] {
    let level = flate2::Compression::default();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), level);
    gzip.write_all(EVENT).expect("a Vec takes all");
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), level);
    zlib.write_all(EVENT).expect("a Vec takes all");
    let mut br = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22);
    br.write_all(EVENT).expect("a Vec takes all");
    [
        ("gzip", "gzip", gzip.finish().expect("a Vec takes all"), cfg!(feature = "gzip")),
        ("br", "brotli", br.into_inner(), cfg!(feature = "brotli")),
        ("zstd", "zstd", zstd::encode_all(EVENT, 0).expect("a Vec takes all"), cfg!(feature = "zstd")),
        ("deflate", "deflate", zlib.finish().expect("a Vec takes all"), cfg!(feature = "deflate")),
    ]
}

#[tokio::test]
async fn codings_are_accepted_and_undone_if_they_are_built_in() {
    let mut names = Vec::new();
    for (coding, feature, body, is_built_in) in coded() {
        let server = Server::plain(response(&format!("{SSE}content-encoding: {coding}\r\n"), &body)).await;
        let (events, outcome, text) = read(stream(&Client::new(), &server.url("http"))).await;
        if is_built_in {
            assert_eq!((events, outcome), (vec!["one".to_owned()], Some(Outcome::Ended)), "{coding}");
            names.push(coding);
        } else {
            assert!(matches!(outcome, Some(Outcome::Unreadable { .. })), "{coding}: {outcome:?}");
            assert!(text.contains(coding) && text.contains(&format!("feature {feature} ")), "{text}");
            assert_eq!(server.connections(), 1);
        }
    }
    let server = Server::plain(event()).await;
    read(stream(&Client::new(), &server.url("http"))).await;
    let names = if names.is_empty() { "identity".to_owned() } else { names.join(", ") };
    let request = server.requests().concat();
    assert!(request.contains(&format!("accept-encoding: {names}\r\n")), "{request}");
}

#[tokio::test]
async fn https_streams_or_says_which_features_it_needs() {
    let authority = Authority::new("one");
    let server = Server::tls(authority.certify("localhost").server(&["http/1.1"]), event()).await;
    if HAS_TLS {
        let (events, outcome, text) = read(stream(&trusting(&authority), &server.url("https"))).await;
        assert_eq!((events, outcome), (vec!["one".to_owned()], Some(Outcome::Ended)), "{text}");
        return;
    }
    assert!(matches!(
        Client::builder().ca_certificates(authority.pem()),
        Err(UsageError::CaCertificates { .. })
    ));
    let redirect =
        format!("HTTP/1.1 307 There\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", server.url("https"));
    let redirecting = Server::plain(Answer::Bytes(redirect.into_bytes())).await;
    // A redirect to https is not the caller's fault.
    let rows = [(server.url("https"), None), (redirecting.url("http"), Some(Outcome::Unreachable))];
    for (url, want) in rows {
        let (_, outcome, text) = read(stream(&Client::new(), &url)).await;
        assert_eq!(outcome, want, "{text}");
        for feature in ["rustls-aws-lc", "rustls-ring", "native-tls"] {
            assert!(text.contains(feature), "{text}");
        }
    }
    assert_eq!((server.connections(), redirecting.connections()), (0, 1));
}

/// Run in a process of its own, on a machine without certificates.
#[tokio::test]
#[ignore = "by `without_authorities_plain_http_still_streams`"]
async fn https_without_authorities() {
    let (_, outcome, text) = read(stream(&Client::new(), "https://localhost:1/")).await;
    assert!(outcome.is_none() && text.contains("https is not possible"), "{text}");
}

#[cfg(all(target_os = "linux", any(feature = "rustls-aws-lc", feature = "rustls-ring")))]
#[test]
fn without_authorities_plain_http_still_streams() {
    for (test, flag) in [("plain_http_streams", "--nocapture"), ("https_without_authorities", "--ignored")] {
        let status = std::process::Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", test, flag])
            .envs([("SSL_CERT_FILE", "/dev/null"), ("SSL_CERT_DIR", "/dev/null")])
            .status();
        assert!(status.expect("this program runs").success(), "{test}");
    }
}

#[tokio::test]
async fn invalid_ca_certificates_are_a_usage_error() {
    if HAS_TLS {
        for pem in ["", "MIIB", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"] {
            let error = Client::builder().ca_certificates(pem).err();
            assert!(matches!(error, Some(UsageError::CaCertificates { .. })), "{pem:?}");
        }
        let pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let client = Client::builder().ca_certificates(pem).expect("PEM").build();
        let (_, outcome, text) = read(stream(&client, "https://localhost:1/")).await;
        assert_eq!(outcome, None, "{text}");
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_accepted_is_not_retried() {
    if !HAS_TLS {
        return;
    }
    let (authority, other) = (Authority::new("one"), Authority::new("another"));
    // The words are ours if rustls reports the error; other libraries have their own.
    let rows = [
        ("not trusted", "is not trusted", other.certify("localhost")),
        ("self-signed", "", Shown::self_signed("localhost")),
        ("expired", "has expired", authority.expired("localhost")),
        ("another host's", "is for another host: elsewhere.example", authority.certify("elsewhere.example")),
    ];
    for (name, words, shown) in rows {
        let server = Server::tls(shown.server(&[]), event()).await;
        let (_, outcome, text) = read(stream(&trusting(&authority), &server.url("https"))).await;
        assert_eq!((outcome, server.connections()), (Some(Outcome::Unreachable), 1), "{name}: {text}");
        assert!(text.contains("certificate") && (!HAS_RUSTLS || text.contains(words)), "{name}: {text}");
    }
}

#[tokio::test]
async fn a_server_that_refuses_the_handshake_is_not_retried() {
    if !HAS_TLS {
        return;
    }
    let authority = Authority::new("one");
    let client = trusting(&authority);
    let server = Server::plain(Answer::AtOnce(b"HTTP/1.1 400 Bad Request\r\n\r\n")).await;
    let (_, outcome, text) = read(stream(&client, &server.url("https"))).await;
    assert_eq!((outcome, server.connections()), (Some(Outcome::Unreachable), 1), "{text}");
    assert!(!HAS_RUSTLS || text.contains("not with TLS"), "{text}");

    let server = Server::tls(authority.certify("localhost").server_for_certified_clients(), event()).await;
    let (_, outcome, text) = read(stream(&client, &server.url("https"))).await;
    assert_eq!(outcome, Some(Outcome::Unreachable), "{text}");
    if HAS_RUSTLS {
        assert!(server.connections() == 1 && text.contains("client certificate"), "{text}");
    } else {
        // With TLS 1.3 the server refuses after the handshake, and OpenSSL only has words for that.
        assert!(text.contains("certificate"), "{text}");
    }

    // TLS where plain HTTP was asked for.
    let server = Server::tls(authority.certify("localhost").server(&[]), event()).await;
    let (_, outcome, text) = read(stream(&client, &server.url("http"))).await;
    assert_eq!((outcome, server.connections()), (Some(Outcome::Unreachable), 1), "{text}");
    assert!(text.contains("not with valid HTTP"), "{text}");
}

#[tokio::test]
async fn a_handshake_that_breaks_is_retried() {
    if !HAS_TLS {
        return;
    }
    let server = Server::plain(Answer::Close).await;
    let client = trusting(&Authority::new("one"));
    let (_, outcome, text) = read(stream(&client, &server.url("https"))).await;
    assert_eq!((outcome, server.connections()), (Some(Outcome::Unreachable), 4), "{text}");
}

#[cfg(all(
    feature = "http2",
    any(feature = "rustls-aws-lc", feature = "rustls-ring", feature = "native-tls")
))]
#[tokio::test]
async fn http2_streams_and_a_reset_is_a_break_whatever_its_code() {
    let authority = Authority::new("one");
    let config = || authority.certify("localhost").server(&["h2", "http/1.1"]);
    let client = trusting(&authority);
    let server = Server::tls(config(), Answer::Http2(None)).await;
    let (events, outcome, text) = read(stream(&client, &server.url("https"))).await;
    assert_eq!((events, outcome), (vec!["one".to_owned()], Some(Outcome::Ended)), "{text}");
    for reason in [h2::Reason::NO_ERROR, h2::Reason::INTERNAL_ERROR] {
        let server = Server::tls(config(), Answer::Http2(Some(reason))).await;
        let (events, outcome, text) = read(stream(&client, &server.url("https"))).await;
        assert_eq!((events, outcome), (vec!["one".to_owned()], Some(Outcome::Truncated)), "{reason}: {text}");
    }
}

/// The HTTP library would send such a request again by itself, behind the session's back.
#[cfg(all(
    feature = "http2",
    any(feature = "rustls-aws-lc", feature = "rustls-ring", feature = "native-tls")
))]
#[tokio::test]
async fn a_request_that_http2_gives_back_is_sent_again_only_as_an_attempt() {
    let authority = Authority::new("one");
    for answer in [Answer::Http2Refused, Answer::Http2GoAway] {
        for retries in [0, 1] {
            let server = Server::tls(authority.certify("localhost").server(&["h2"]), answer.clone()).await;
            let attempts = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
            let counted = std::sync::Arc::clone(&attempts);
            // The server took no request, so even a POST may be repeated.
            let request = trusting(&authority).post(server.url("https")).body("x").retry_attempts(retries);
            let request = request.retry_delay(Duration::from_millis(1)).on_attempt(move |_| {
                counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            });
            let (_, outcome, text) = read(request.events()).await;
            assert_eq!(outcome, Some(Outcome::Unreachable), "{text}");
            assert!(text.contains("before it took"), "{text}");
            let attempts = attempts.load(std::sync::atomic::Ordering::Relaxed);
            assert_eq!(
                (attempts, server.requests().len()),
                (retries as usize + 1, retries as usize + 1),
                "{text}"
            );
        }
    }
}

#[cfg(not(feature = "http2"))]
#[tokio::test]
async fn http2_is_not_offered_without_its_feature() {
    if HAS_TLS {
        let authority = Authority::new("one");
        let server = Server::tls(authority.certify("localhost").server(&["h2", "http/1.1"]), event()).await;
        let (events, outcome, text) = read(stream(&trusting(&authority), &server.url("https"))).await;
        assert_eq!((events, outcome), (vec!["one".to_owned()], Some(Outcome::Ended)), "{text}");
    }
}
