//! rustls with ring. reqwest itself brings only aws-lc, so its configuration is made here.

use std::sync::Arc;

use reqwest::ClientBuilder;
use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_platform_verifier::Verifier;

use super::Trust;

pub(super) fn configure(builder: ClientBuilder, trust: Trust<'_>) -> Result<ClientBuilder, String> {
    // As in reqwest, the provider that the program installed takes precedence. A library must not install one for the whole process.
    let provider = CryptoProvider::get_default()
        .cloned()
        .unwrap_or_else(|| Arc::new(rustls::crypto::ring::default_provider()));
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let config = match trust {
        Trust::Platform(authorities) => {
            let verifier = verifier(authorities, provider).map_err(|error| error.to_string())?;
            config.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
        }
        Trust::Nobody => config.with_root_certificates(RootCertStore::empty()),
    };
    let mut config = config.with_no_client_auth();
    config.alpn_protocols = vec![
        #[cfg(feature = "http2")]
        b"h2".to_vec(),
        b"http/1.1".to_vec(),
    ];
    Ok(builder.tls_backend_preconfigured(config))
}

fn verifier(authorities: &[Vec<u8>], provider: Arc<CryptoProvider>) -> Result<Verifier, rustls::Error> {
    if authorities.is_empty() {
        return Verifier::new(provider);
    }
    let authorities: Vec<CertificateDer<'static>> =
        authorities.iter().map(|der| CertificateDer::from(der.clone())).collect();
    with_authorities(authorities, provider)
}

#[cfg(not(target_os = "android"))]
fn with_authorities(
    authorities: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
) -> Result<Verifier, rustls::Error> {
    Verifier::new_with_extra_roots(authorities, provider)
}

#[cfg(target_os = "android")]
fn with_authorities(
    _authorities: Vec<CertificateDer<'static>>,
    _provider: Arc<CryptoProvider>,
) -> Result<Verifier, rustls::Error> {
    Err(rustls::Error::General("Android's verifier takes no further authorities".to_owned()))
}
