//! The server over TLS.

use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring::default_provider,
        pki_types::{CertificateDer, ServerName, pem::PemObject as _},
    },
};

use super::*;

/// A certificate that signs itself, and its key, as PEM.
fn identity() -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let certificate = CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
    (certificate.pem(), key.serialize_pem())
}

/// A server over TLS, and its certificate.
async fn start() -> (Server, String) {
    let (certificate, key) = identity();
    let tls = Some(TlsIdentity::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap());
    (Server::start(ServeConfig { tls, ..ServeConfig::default() }).await.unwrap(), certificate)
}

fn client(certificate: &str) -> Client {
    let certificate = reqwest::Certificate::from_pem(certificate.as_bytes()).unwrap();
    let client = Client::builder().redirect(Policy::none()).no_proxy();
    client.tls_certs_only([certificate]).build().unwrap()
}

/// A bare connection that offers no protocol, so that HTTP/1.1 is spoken.
async fn connect(server: &Server, certificate: &str) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let socket = TcpStream::connect(server.addr()).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, socket).await.unwrap()
}

/// Everything that arrives until the server closes the connection; one that is cut ends without TLS's own close.
async fn raw(server: &Server, certificate: &str, path: &str) -> Vec<u8> {
    let mut socket = connect(server, certificate).await;
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    if let Err(error) =
        timeout(Duration::from_secs(10), socket.read_to_end(&mut answer)).await.expect("it is closed")
    {
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{error}");
    }
    answer
}

#[tokio::test]
async fn both_protocols_and_both_ports_speak_tls() {
    let (server, certificate) = start().await;
    assert!(server.url("/").starts_with("https://127.0.0.1:"));
    let url = server.url("/redirect?interval_ms=0");
    let redirect = client(&certificate).get(url).send().await.unwrap();
    let location = redirect.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(location, format!("https://{}/chat?interval_ms=0", server.other_addr()));
    let response = client(&certificate).get(location).send().await.unwrap();
    assert_eq!(response.version(), reqwest::Version::HTTP_2);
    assert!(response.text().await.unwrap().ends_with("data: [DONE]\n\n"));
    let answer = raw(&server, &certificate, "/gone").await;
    assert!(answer.starts_with(b"HTTP/1.1 204"));
}

#[tokio::test]
async fn every_chunk_is_a_write_and_a_cut_comes_after_what_was_sent() {
    let (server, certificate) = start().await;
    let (chunks, clean) = dechunk(&raw(&server, &certificate, "/split?interval_ms=0&events=1").await);
    assert!(clean && chunks.len() > 200 && chunks.iter().all(|chunk| chunk.len() == 1));
    for cut in [0, 1, 100, 333] {
        let path = format!("/chat?interval_ms=0&cut_at={cut}");
        let (chunks, clean) = dechunk(&raw(&server, &certificate, &path).await);
        assert_eq!((chunks.concat().len(), clean), (cut, false));
    }
    let cut = client(&certificate).get(server.url("/chat?interval_ms=0&cut_at=100")).send().await.unwrap();
    assert!(cut.bytes().await.is_err(), "the stream is reset in HTTP/2");
    let path = "/bigfinal?bytes=20000000&interval_ms=0&cut_at=19000000";
    let (chunks, clean) = dechunk(&raw(&server, &certificate, path).await);
    assert_eq!((chunks.concat().len(), clean), (19_000_000, false));
}

#[tokio::test]
async fn it_hangs_up_and_notices_who_leaves() {
    let (server, certificate) = start().await;
    assert_eq!(raw(&server, &certificate, "/hangup").await, b"");
    assert!(client(&certificate).get(server.url("/hangup")).send().await.is_err());
    let mut socket = connect(&server, &certificate).await;
    socket.write_all(b"GET /stall?interval_ms=0 HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    sleep(Duration::from_millis(150)).await;
    assert_eq!(server.log().last().unwrap().response, None);
    drop(socket);
    assert_eq!(last_ended(&server).await.ended, Ended::ClientClosed);
}

#[tokio::test]
async fn a_connection_without_tls_disturbs_no_other() {
    let (server, certificate) = start().await;
    let silent = TcpStream::connect(server.addr()).await.unwrap();
    let mut plain = TcpStream::connect(server.addr()).await.unwrap();
    plain.write_all(b"GET /gone HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let closed = timeout(Duration::from_secs(10), plain.read_to_end(&mut answer)).await;
    assert!(closed.is_ok(), "it is closed");
    assert!(!answer.starts_with(b"HTTP"));
    assert_eq!(client(&certificate).get(server.url("/gone")).send().await.unwrap().status(), 204);
    drop(silent);
    timeout(Duration::from_secs(10), server.shutdown()).await.expect("it ends");
}

#[test]
fn what_cannot_be_used_is_named() {
    let (certificate, key) = identity();
    let (_, other_key) = identity();
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let garbled = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (certificate, key, said) in [
        ("", &*key, "no usable certificate: there is none"),
        (&*key, &*key, "no usable certificate: there is none"),
        (garbled, &*key, "no usable certificate: "),
        (&*certificate, "", "no usable key: there is none"),
        (&*certificate, &*certificate, "no usable key: there is none"),
        (&*certificate, encrypted, "no usable key: it is encrypted"),
        (&*certificate, &*other_key, "no usable key: it does not belong to the certificate"),
    ] {
        let error = TlsIdentity::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with(said), "{error}, not {said}");
    }
}
