//! Signed requests: a function for an attempt sees everything that is sent, so its signature holds.

use std::fmt::Write as _;

use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use tidewire::{Client, CursorTo};
use tidewire_tests::child::example;
use tidewire_tests::raw::{Act, RawServer, chunk, reply};
use tidewire_tests::{take, within};

const CHUNKED: &str = "content-type: text/event-stream\r\ntransfer-encoding: chunked";
const SECRET: &str = "a secret of no account";
const REGION: &str = "eu-central-1";

fn broken(body: &[u8]) -> Vec<Act> {
    vec![reply(CHUNKED, &chunk(body))]
}

fn whole(body: &[u8]) -> Vec<Act> {
    let mut bytes = chunk(body);
    bytes.extend_from_slice(b"0\r\n\r\n");
    vec![reply(CHUNKED, &bytes)]
}

/// A request as it went over the wire.
struct Sent<'a> {
    method: &'a str,
    path: &'a str,
    query: &'a str,
    headers: Vec<(String, &'a str)>,
    body: &'a str,
}

impl<'a> Sent<'a> {
    fn parse(request: &'a str) -> Self {
        let (head, body) = request.split_once("\r\n\r\n").expect("a head");
        let mut lines = head.lines();
        let mut line = lines.next().expect("a request line").split(' ');
        let method = line.next().expect("a method");
        let target = line.next().expect("a target");
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let headers = lines.map(|line| line.split_once(':').expect("a header"));
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim())).collect();
        Self { method, path, query, headers, body }
    }

    fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| *value)
    }
}

/// Computes the signature of what was sent, by the steps of the AWS documentation ("Create a signed AWS API request"), and compares it
/// with the one that was sent. Returns the names of the headers that it covers.
fn verify(sent: &Sent<'_>) -> Vec<String> {
    let authorization = sent.header("authorization").expect("a signature");
    let fields = authorization.strip_prefix("AWS4-HMAC-SHA256 ").expect("the algorithm");
    let field = |name: &str| {
        let mut fields = fields.split(", ").filter_map(|field| field.split_once('='));
        fields.find(|(other, _)| *other == name).expect("a field").1
    };
    let names: Vec<String> = field("SignedHeaders").split(';').map(str::to_owned).collect();
    let mut headers = String::new();
    for name in &names {
        let value = sent.header(name).expect("a header that was signed");
        writeln!(headers, "{name}:{value}").expect("text");
    }
    let mut query: Vec<&str> = sent.query.split('&').filter(|pair| !pair.is_empty()).collect();
    query.sort_unstable();
    let canonical = [
        sent.method,
        sent.path,
        &query.join("&"),
        &headers,
        field("SignedHeaders"),
        &hex(&Sha256::digest(sent.body)),
    ]
    .join("\n");

    let time = sent.header("x-amz-date").expect("a time");
    let scope = field("Credential").split_once('/').expect("a scope").1;
    let to_sign = ["AWS4-HMAC-SHA256", time, scope, &hex(&Sha256::digest(&canonical))].join("\n");
    let mut key = format!("AWS4{SECRET}").into_bytes();
    for part in scope.split('/') {
        key = keyed_hash(&key, part);
    }
    assert_eq!(field("Signature"), hex(&keyed_hash(&key, &to_sign)), "{canonical}");
    names
}

fn keyed_hash(key: &[u8], text: &str) -> Vec<u8> {
    let mut hash = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    hash.update(text.as_bytes());
    hash.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn the_signature_of_each_attempt_holds() {
    let server = RawServer::start(vec![
        broken(b"id: 7\ndata: one\n\n"),
        whole(b"id: 8\ndata: two\n\ndata: [DONE]\n\n"),
    ])
    .await;
    let output = tokio::process::Command::new(example("aws_sigv4"))
        .arg(server.url("/events?topic=a%20b&at=1"))
        .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", SECRET)
        .env("AWS_REGION", REGION)
        .env_remove("AWS_SESSION_TOKEN")
        .kill_on_drop(true)
        .output();
    let output = within("the example", output).await.expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(text, "one\ntwo\nSome(Complete) after 2 requests\n", "{output:?}");

    let seen = server.seen();
    let [first, second] = [0, 1].map(|index| Sent::parse(&seen[index].request));
    assert_eq!(first.body, r#"["weather","tides"]"#);
    assert!(!verify(&first).contains(&"last-event-id".to_owned()));
    assert!(verify(&second).contains(&"last-event-id".to_owned()));
    assert_eq!(second.header("last-event-id"), Some("7"));
}

/// What the last function sees is what is sent: URL, headers and body, the cursor in each of its places.
#[tokio::test]
async fn the_last_function_sees_what_is_sent() {
    let places = [
        None,
        Some(CursorTo::Query("since".to_owned())),
        Some(CursorTo::Header("x-since".to_owned())),
        Some(CursorTo::Body("since".to_owned())),
    ];
    for to in places {
        let server = RawServer::start(vec![
            broken(b"id: 7\ndata: {\"seq\":7}\n\n"),
            whole(b"id: 8\ndata: {\"seq\":8}\n\ndata: [DONE]\n\n"),
        ])
        .await;
        let mut request = Client::new()
            .post(server.url("/"))
            .idempotent()
            .retry_delay(std::time::Duration::ZERO)
            .prepare_async(|mut request| async {
                let headers = request.headers().iter().filter(|(name, _)| *name != "x-seen");
                let mut headers: Vec<String> = headers
                    .map(|(name, value)| format!("{name}={}", value.to_str().expect("text")))
                    .collect();
                headers.sort_unstable();
                let body = request.body().map(|body| String::from_utf8_lossy(body).into_owned());
                let url = request.url();
                let seen =
                    format!("{} {} {:?} {headers:?} {body:?}", request.method(), url.path(), url.query());
                request.set_header("x-seen", &seen).map(|()| request)
            })
            // Declared after what signs, and called before it.
            .prepare_with(|request| request.set_header("x-late", "1"))
            .header_with("x-target", |request| format!("{} {}", request.method(), request.url().path()))
            .body_with(|request| format!(r#"{{"attempt":{}}}"#, request.attempt().number))
            .url_with(|request| format!("/events?attempt={}", request.attempt().number));
        if let Some(to) = &to {
            request = request.cursor("seq", to.clone());
        }
        let taken = take(&mut request.events()).await;
        assert_eq!(taken.items.len(), 2, "{to:?}: {taken:?}");
        let seen = server.seen();
        assert_eq!(seen.len(), 2, "{to:?}");
        for (index, seen) in seen.iter().enumerate() {
            let sent = Sent::parse(&seen.request);
            let connection = ["host", "content-length", "x-seen"];
            let headers = sent.headers.iter().filter(|(name, _)| !connection.contains(&name.as_str()));
            let mut headers: Vec<String> = headers.map(|(name, value)| format!("{name}={value}")).collect();
            headers.sort_unstable();
            let (query, body) = (Some(sent.query), Some(sent.body));
            let want = format!("{} {} {query:?} {headers:?} {body:?}", sent.method, sent.path);
            assert_eq!(sent.header("x-seen"), Some(&*want), "{to:?}");
            assert_eq!(sent.header("x-target"), Some("POST /events"));
            assert_eq!(sent.header("x-late"), Some("1"));
            // The second one has the cursor.
            let cursor = match to {
                None => "last-event-id=7",
                Some(CursorTo::Query(_)) => "since=7",
                Some(CursorTo::Header(_)) => "x-since=7",
                _ => r#"\"since\":7"#,
            };
            assert_eq!(want.contains(cursor), index == 1, "{to:?}: {want}");
        }
    }
}
