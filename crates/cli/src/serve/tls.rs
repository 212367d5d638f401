//! The certificate and the key with which the server speaks TLS.

use std::{fmt, fs, io, path::Path, sync::Arc};

use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        self, ServerConfig,
        crypto::ring::default_provider,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    },
};

/// The protocols that are offered, the preferred one first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// What the server shows its clients: a certificate with its chain, and the key that belongs to it.
#[derive(Clone)]
pub struct TlsIdentity(TlsAcceptor);

impl TlsIdentity {
    /// From the text of PEM files. The server's own certificate comes first, those that signed it follow.
    ///
    /// # Errors
    /// If the certificate or the key is missing or cannot be used.
    pub fn from_pem(certificates: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        let certificates = CertificateDer::pem_slice_iter(certificates)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| TlsError::Certificate(error.to_string()))?;
        if certificates.is_empty() {
            return Err(TlsError::Certificate("there is none".to_owned()));
        }
        let key =
            PrivateKeyDer::from_pem_slice(key).map_err(|error| TlsError::Key(key_problem(key, error)))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError::Certificate(error.to_string()))?
            .with_no_client_auth()
            .with_single_cert(certificates, key)
            .map_err(|error| match error {
                rustls::Error::InconsistentKeys(_) => {
                    TlsError::Key("it does not belong to the certificate".to_owned())
                }
                rustls::Error::InvalidCertificate(_) => TlsError::Certificate(error.to_string()),
                error => TlsError::Key(error.to_string()),
            })?;
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }

    /// From PEM files.
    ///
    /// # Errors
    /// If a file cannot be read, or as for [`from_pem`](Self::from_pem). The message names the file and says what to do.
    pub fn load(certificates: &Path, key: &Path) -> io::Result<Self> {
        let read = |file: &Path, option: &str| {
            fs::read(file).map_err(|error| {
                let problem = format!("cannot read {}: {error}; {option} takes a PEM file", file.display());
                io::Error::new(error.kind(), problem)
            })
        };
        Self::from_pem(&read(certificates, "--tls-cert")?, &read(key, "--tls-key")?).map_err(|error| {
            let (file, advice) = match error {
                TlsError::Certificate(_) => (
                    certificates,
                    "--tls-cert takes a PEM file with the server's certificate (-----BEGIN CERTIFICATE-----)",
                ),
                TlsError::Key(_) => (
                    key,
                    "--tls-key takes a PEM file with the certificate's key (-----BEGIN PRIVATE KEY-----)",
                ),
            };
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!("cannot use {}: {error}; {advice}", file.display()),
            )
        })
    }

    pub(crate) const fn acceptor(&self) -> &TlsAcceptor {
        &self.0
    }
}

impl fmt::Debug for TlsIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsIdentity").finish_non_exhaustive()
    }
}

fn key_problem(text: &[u8], error: rustls::pki_types::pem::Error) -> String {
    let is_encrypted = String::from_utf8_lossy(text).contains("-----BEGIN ENCRYPTED PRIVATE KEY-----");
    match error {
        _ if is_encrypted => "it is encrypted (openssl pkey -in FILE -out PLAIN decrypts it)".to_owned(),
        rustls::pki_types::pem::Error::NoItemsFound => "there is none".to_owned(),
        error => error.to_string(),
    }
}

/// Why a certificate and a key cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsError {
    /// The certificate is missing or unusable.
    Certificate(String),
    /// The key is missing or unusable, or belongs to another certificate.
    Key(String),
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate(why) => write!(f, "no usable certificate: {why}"),
            Self::Key(why) => write!(f, "no usable key: {why}"),
        }
    }
}

impl std::error::Error for TlsError {}
