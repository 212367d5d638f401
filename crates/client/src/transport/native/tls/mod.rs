//! TLS: chooses the library by the crate's features, and sorts its errors.
#![cfg_attr(
    not(any(feature = "rustls-aws-lc", feature = "rustls-ring", feature = "native-tls")),
    allow(dead_code, reason = "without a library there is nothing to set up")
)]

#[cfg(feature = "native-tls")]
mod native_errors;
#[cfg(feature = "rustls-ring")]
mod ring;
#[cfg(any(feature = "rustls-aws-lc", feature = "rustls-ring"))]
mod rustls_errors;

use std::error::Error as StdError;

use reqwest::ClientBuilder;

/// Makes the client use one TLS library.
type Configure = fn(ClientBuilder, Trust<'_>) -> Result<ClientBuilder, String>;
/// Reads one link of an error's chain of causes.
type Classify = fn(&(dyn StdError + 'static)) -> Option<Failure>;

/// The libraries that are built in, of which the first is used. Features add up, so there may be several.
const LIBRARIES: &[Configure] = &[
    #[cfg(feature = "rustls-aws-lc")]
    |builder, trust| through_reqwest(builder.tls_backend_rustls(), trust),
    #[cfg(feature = "rustls-ring")]
    ring::configure,
    #[cfg(feature = "native-tls")]
    |builder, trust| through_reqwest(builder.tls_backend_native(), trust),
];

const CLASSIFIERS: &[Classify] = &[
    #[cfg(any(feature = "rustls-aws-lc", feature = "rustls-ring"))]
    rustls_errors::failure,
    #[cfg(feature = "native-tls")]
    native_errors::failure,
];

const NOT_BUILT_IN: &str =
    "TLS is not built in; enable one of tidewire's features rustls-aws-lc, rustls-ring or native-tls";

/// The certificates that the client accepts.
#[derive(Clone, Copy)]
pub(super) enum Trust<'a> {
    /// Those signed by the platform's authorities or by these (DER).
    Platform(&'a [Vec<u8>]),
    /// No certificates, for a client that is used without TLS.
    Nobody,
}

/// A failed handshake, by whether a retry may work.
pub(super) enum Failure {
    /// A retry would fail again.
    Permanent(String),
    /// A retry may work.
    Transient(String),
}

/// Builds the client with TLS.
pub(super) fn configure(builder: ClientBuilder, authorities: &[Vec<u8>]) -> Result<ClientBuilder, String> {
    let configure = LIBRARIES.first().ok_or_else(|| NOT_BUILT_IN.to_owned())?;
    configure(builder, Trust::Platform(authorities))
}

/// The client for plain HTTP. It needs no authorities, which may be missing on this machine.
pub(super) fn without(builder: ClientBuilder) -> Result<ClientBuilder, String> {
    match LIBRARIES.first() {
        Some(configure) => configure(builder, Trust::Nobody),
        None => Ok(builder),
    }
}

/// The TLS failure that this cause in an error's chain stands for, if any.
pub(super) fn failure(cause: &(dyn StdError + 'static)) -> Option<Failure> {
    CLASSIFIERS.iter().find_map(|classify| classify(cause))
}

#[cfg(any(feature = "rustls-aws-lc", feature = "native-tls"))]
fn through_reqwest(builder: ClientBuilder, trust: Trust<'_>) -> Result<ClientBuilder, String> {
    match trust {
        Trust::Platform(authorities) => {
            let certificates = authorities.iter().map(|der| reqwest::Certificate::from_der(der));
            let certificates = certificates.collect::<Result<Vec<_>, _>>();
            let certificates = certificates.map_err(|error| super::failure::innermost(&error))?;
            Ok(builder.tls_certs_merge(certificates))
        }
        Trust::Nobody => Ok(builder.tls_certs_only([])),
    }
}

/// The certificates in a PEM file.
#[cfg(any(feature = "rustls-aws-lc", feature = "rustls-ring", feature = "native-tls"))]
pub(crate) fn certificates(pem: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    use rustls_pki_types::CertificateDer;
    use rustls_pki_types::pem::PemObject;

    let certificates: Vec<Vec<u8>> = CertificateDer::pem_slice_iter(pem)
        .map(|certificate| certificate.map(|der| der.to_vec()))
        .collect::<Result<_, _>>()
        .map_err(|error| format!("they are not PEM: {error}"))?;
    if certificates.is_empty() {
        return Err("there is no CERTIFICATE section in the PEM".to_owned());
    }
    Ok(certificates)
}

#[cfg(not(any(feature = "rustls-aws-lc", feature = "rustls-ring", feature = "native-tls")))]
pub(crate) fn certificates(_pem: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    Err(NOT_BUILT_IN.to_owned())
}
