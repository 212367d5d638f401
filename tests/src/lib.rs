//! Helpers of the end-to-end tests: a scripted upstream in the same process, a server of raw bytes, and child processes.

pub mod child;
pub mod raw;

use std::future::Future;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};
use tidewire::{Error, Event, Outcome, Streaming};
use tidewire_cli::serve::{RequestLog, ServeConfig, Server, TlsIdentity};

/// The longest that a test waits for one thing to happen.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A scripted upstream on a free port.
pub async fn upstream() -> Server {
    Server::start(ServeConfig::default()).await.expect("a free port on 127.0.0.1")
}

/// As [`upstream`], with HTTPS and a certificate for 127.0.0.1, and the authority that signed it, made for this server (PEM).
pub async fn upstream_with_tls() -> (Server, String) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.distinguished_name.push(DnType::CommonName, "Tidewire's tests");
    let authority =
        CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority");
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(["127.0.0.1".to_owned()]).expect("an address");
    let certificate = params.signed_by(&key, &authority).expect("a certificate");
    let tls = TlsIdentity::from_pem(certificate.pem().as_bytes(), key.serialize_pem().as_bytes());
    let config = ServeConfig { tls: Some(tls.expect("a usable certificate")), ..ServeConfig::default() };
    (Server::start(config).await.expect("a free port on 127.0.0.1"), authority.pem())
}

/// The future's output; the test fails if it takes longer than [`PATIENCE`].
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(output) => output,
        Err(_) => panic!("{what}: did not happen within {PATIENCE:?}"),
    }
}

/// All items of a stream, and how it ended.
#[derive(Debug)]
pub struct Taken<I> {
    /// The records.
    pub items: Vec<I>,
    /// The errors that did not end it.
    pub passed_over: Vec<Error>,
    /// The outcome; `None` if no request could be made.
    pub outcome: Option<Outcome>,
    /// The error that was its last item, if there was one.
    pub error: Option<Error>,
}

/// Reads a stream to its end, and checks what is true of every stream: the last item is an error unless the outcome is complete
/// or ended, that error names the outcome, and no item follows it.
pub async fn take<I>(stream: &mut Streaming<I>) -> Taken<I> {
    within("the end of the stream", async {
        let mut taken = Taken { items: Vec::new(), passed_over: Vec::new(), outcome: None, error: None };
        while let Some(item) = stream.next().await {
            assert!(taken.error.is_none(), "an item after the last error");
            match item {
                Ok(item) => taken.items.push(item),
                Err(error) if error.is_last() => taken.error = Some(error),
                Err(error) => taken.passed_over.push(error),
            }
        }
        assert!(stream.next().await.is_none(), "an item after the end");
        taken.outcome = stream.outcome();
        match (&taken.outcome, &taken.error) {
            (Some(outcome), None) => assert!(outcome.is_success(), "{outcome:?} without an error"),
            (Some(outcome), Some(error)) => assert_eq!(error.code(), outcome.code()),
            (None, error) => assert_eq!(error.as_ref().map(Error::code), Some("usage")),
        }
        taken
    })
    .await
}

/// The ids of events.
#[must_use]
pub fn ids(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.id.as_str()).collect()
}

/// The requests of a route.
#[must_use]
pub fn requests<'a>(log: &'a [RequestLog], route: &str) -> Vec<&'a RequestLog> {
    log.iter().filter(|request| request.route() == route).collect()
}
