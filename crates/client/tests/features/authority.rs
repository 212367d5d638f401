//! An authority and its certificates, made for one run.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// What a server shows.
pub(crate) struct Shown {
    certificate: Certificate,
    key: KeyPair,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, name);
        let issuer = CertifiedIssuer::self_signed(params, key()).expect("an authority");
        Self { issuer }
    }

    pub(crate) fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A certificate for `host`.
    pub(crate) fn certify(&self, host: &str) -> Shown {
        self.sign(params(host))
    }

    /// One that has expired.
    pub(crate) fn expired(&self, host: &str) -> Shown {
        let mut params = params(host);
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(2002, 1, 1);
        self.sign(params)
    }

    fn sign(&self, params: CertificateParams) -> Shown {
        let key = key();
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        Shown { certificate, key }
    }
}

impl Shown {
    /// A certificate that signs itself.
    pub(crate) fn self_signed(host: &str) -> Self {
        let key = key();
        let certificate = params(host).self_signed(&key).expect("a certificate");
        Self { certificate, key }
    }

    /// A server's settings: it offers these protocols.
    pub(crate) fn server(self, protocols: &[&str]) -> ServerConfig {
        let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth();
        self.finish(builder, protocols)
    }

    /// One that wants a certificate of its client too.
    pub(crate) fn server_for_certified_clients(self) -> ServerConfig {
        let provider = Arc::new(default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(Authority::new("of clients").issuer.der().clone()).expect("an authority");
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let builder = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_client_cert_verifier(verifier.build().expect("a verifier"));
        self.finish(builder, &[])
    }

    fn finish(
        self,
        builder: tokio_rustls::rustls::ConfigBuilder<
            ServerConfig,
            tokio_rustls::rustls::server::WantsServerCert,
        >,
        protocols: &[&str],
    ) -> ServerConfig {
        let key = PrivateKeyDer::try_from(self.key.serialize_der()).expect("a key");
        let mut config =
            builder.with_single_cert(vec![self.certificate.der().clone()], key).expect("a certificate");
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        config
    }
}

fn key() -> KeyPair {
    KeyPair::generate().expect("a key")
}

fn params(host: &str) -> CertificateParams {
    let mut params = CertificateParams::new([host.to_owned()]).expect("a host's name");
    params.distinguished_name.push(DnType::CommonName, host);
    params
}
