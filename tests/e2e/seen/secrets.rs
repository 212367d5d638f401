//! Checks that no secret appears in a span, event, metric, log line, `Debug` output or error of Tidewire or its dependencies.

use std::error::Error as _;
use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::Duration;

use metrics_util::debugging::DebuggingRecorder;
use tidewire::{Client, Request, Resume};
use tidewire_tests::raw::{Act, RawServer, chunk, reply};
use tidewire_tests::{take, upstream};

use crate::STREAM;
use crate::capture::Capture;

/// A part of every secret in these tests.
const SECRET: &str = "s3cr3t";

/// All `Debug` output and errors of a test.
#[derive(Clone, Default)]
struct Shown(Arc<Mutex<String>>);

impl Shown {
    fn add(&self, what: &str, shown: &dyn Debug) {
        let mut text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(text, "{what}: {shown:?}\n{what}, pretty: {shown:#?}").expect("a string");
    }

    fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What the dependencies log, in all tests of this program.
static LOG: Mutex<String> = Mutex::new(String::new());

struct Log;

impl log::Log for Log {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let mut log = LOG.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(log, "{} {}", record.target(), record.args()).expect("a string");
    }

    fn flush(&self) {}
}

fn listen_to_logs() {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| {
        log::set_logger(&Log).expect("the only logger");
        log::set_max_level(log::LevelFilter::Trace);
    });
}

fn client(builder: tidewire::ClientBuilder) -> Client {
    builder.secret_header("x-of-the-client", "s3cr3t-client").expect("a header").build()
}

/// A request with a secret in each place that can hold one.
fn request(client: &Client, url: &str, shown: &Shown) -> Request {
    let (scheme, rest) = url.split_once("//").expect("a scheme");
    let url = format!(
        "{scheme}//s3cr3t-user:s3cr3t-password@{rest}?interval_ms=0&key=s3cr3t-query#s3cr3t-fragment"
    );
    let (attempts, prepared, wire, stalls) = (shown.clone(), shown.clone(), shown.clone(), shown.clone());
    client
        .post(url)
        .query("token", "s3cr3t-parameter")
        .header("authorization", "Bearer s3cr3t-bearer")
        .header("cookie", "session=s3cr3t-cookie")
        .header("x-api-key", "s3cr3t-key")
        .secret_header("x-own", "s3cr3t-own")
        .idempotency_key("s3cr3t-idempotency")
        .json(&"s3cr3t-body")
        .retry_attempts(1)
        .retry_delay(Duration::from_millis(1))
        .resume(Resume::Always)
        .stall_after(Duration::from_millis(20))
        .on_attempt(move |attempt| attempts.add("attempt", attempt))
        .on_wire(move |piece| wire.add("wire", &piece))
        .on_stall(move |silent| stalls.add("stall", &silent))
        .prepare_with(move |request| {
            request.set_header("x-own", "s3cr3t-fresh")?;
            prepared.add("prepared", request);
            Ok(())
        })
}

async fn run(client: &Client, url: &str, shown: &Shown) {
    shown.add("client", client);
    let request = request(client, url, shown);
    shown.add("request", &request);
    let mut stream = request.frames();
    shown.add("stream", &stream);
    let taken = take(&mut stream).await;
    shown.add("stream, at its end", &stream);
    shown.add("ending", &stream.end());
    shown.add("stats", &stream.stats());
    if let Some(error) = taken.error {
        shown.add("error", &error);
        shown.add("error as text", &error.to_string());
        let mut source = error.source();
        while let Some(error) = source {
            shown.add("source", &error.to_string());
            source = error.source();
        }
    }
}

/// A redirect whose target and cookies are secrets too.
fn redirect(to: &str) -> Vec<Act> {
    let to = to.replace("//", "//s3cr3t-location-user:s3cr3t-location-password@");
    let head = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: {to}?signature=s3cr3t-location\r\nset-cookie: a=s3cr3t-set\r\n\
         content-length: 0\r\n\r\n"
    );
    vec![Act::Send(head.into_bytes())]
}

#[tokio::test]
async fn nothing_that_is_shown_holds_a_secret() {
    listen_to_logs();
    let (capture, _guard) = Capture::start();
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _recorder = metrics::set_default_local_recorder(&recorder);
    let shown = Shown::default();
    let ours = client(Client::builder());

    let set = "set-cookie: a=s3cr3t-set\r\nx-token: s3cr3t-reply\r\n";
    let cut = vec![
        reply(&format!("{set}{STREAM}"), &chunk(b"id: s3cr3t-cursor\ndata: s3cr3t-reply\n\n")),
        Act::Reset,
    ];
    let whole = vec![
        Act::Wait(Duration::from_millis(60)),
        reply(&format!("{set}{STREAM}"), &chunk(b"data: a\n\ndata: [DONE]\n\n")),
    ];
    // An error has the server's reason, which is the first line, and nothing else of the body.
    let unauthorised =
        format!("HTTP/1.1 401 Unauthorized\r\n{set}content-length: 18\r\n\r\ndenied\ns3cr3t-body")
            .into_bytes();
    let no_stream =
        format!("HTTP/1.1 200 OK\r\n{set}content-type: text/html\r\ncontent-length: 0\r\n\r\n").into_bytes();
    for scripts in [
        vec![cut.clone(), whole],
        vec![cut, vec![Act::Reset]],
        vec![vec![Act::Send(unauthorised)]],
        vec![vec![Act::Send(no_stream)]],
        vec![vec![Act::Reset]],
        vec![vec![Act::Send(b"this is no HTTP\r\n\r\n".to_vec())]],
    ] {
        let target = RawServer::start(scripts).await;
        let server = RawServer::start(vec![redirect(&target.url("/next"))]).await;
        run(&ours, &server.url("/path"), &shown).await;
        assert!(target.connections() > 0, "the redirect was followed");
    }
    for to in ["http://127.0.0.1:1/", "https://127.0.0.1:1/", "ftp://127.0.0.1/", "http://[/"] {
        let server = RawServer::start(vec![redirect(to)]).await;
        run(&ours, &server.url("/path"), &shown).await;
    }

    // HTTP/2 has events of its own, and the caller's client its own redirects.
    let theirs = reqwest::Client::builder().http2_prior_knowledge().build().expect("a client");
    let theirs = client(Client::builder().reqwest(theirs));
    let server = upstream().await;
    for path in ["/chat", "/redirect", "/midstream-error", "/status"] {
        run(&theirs, &server.url(path), &shown).await;
    }
    for url in ["gopher://host/", "http://[host/", "http://127.0.0.1:1/a b"] {
        run(&ours, url, &shown).await;
    }

    let spans = capture.streams();
    assert_eq!(spans.len(), 6 + 4 + 4 + 3);
    assert!(capture.text().contains("/path"), "paths are shown, they name the resource");
    let log = LOG.lock().unwrap_or_else(PoisonError::into_inner).clone();
    for text in [
        ("traces", capture.text()),
        ("metrics", format!("{:?}", snapshotter.snapshot().into_vec())),
        ("log", log),
        ("Debug and errors", shown.text()),
    ] {
        let (name, text) = text;
        assert!(!text.is_empty(), "{name}: nothing was shown");
        let secrets: Vec<_> = text.match_indices(SECRET).map(|(at, _)| excerpt(&text, at)).collect();
        assert!(secrets.is_empty(), "{name}: {secrets:#?}");
        assert_eq!(text.contains("denied"), name == "Debug and errors", "{name}: the words of a peer");
    }
}

fn excerpt(text: &str, at: usize) -> String {
    let before: String = text[..at].chars().rev().take(160).collect();
    before.chars().rev().chain(text[at..].chars().take(40)).collect()
}
